"""Which devices that are offline get an alarm of their own, and which sites get one for all of theirs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

SiteName = tuple[str, str]
"""Customer and site."""
LEAST_DEVICES = 3
"""A site with fewer is not called quiet: each device speaks for itself."""
QUIET, BACK = 0.9, 0.5
"""A site is quiet when this share of its devices is offline, and no longer when no more than half of them are."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A device that is offline, or has an alarm for it. site: None when it is at none. overdue: offline for longer than
    its model tolerates. alarm_id: its own uncleared alarm."""

    device_id: int
    site: SiteName | None
    offline: bool
    overdue: bool
    alarm_id: int | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A site with something offline or an uncleared alarm. known: devices that were ever online or offline. members:
    of its alarm."""

    name: SiteName
    known: int
    alarm_id: int | None = None
    members: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Grouping:
    """What to change. quiet: sites to raise with their devices. members: of alarms that go on, whom they stand for
    from now on. absorbed: devices whose own alarm ends because the site's tells of them."""

    raise_devices: list[int] = field(default_factory=list)
    clear_devices: list[int] = field(default_factory=list)
    absorbed: list[int] = field(default_factory=list)
    quiet: list[tuple[Site, frozenset[int]]] = field(default_factory=list)
    members: list[tuple[Site, frozenset[int]]] = field(default_factory=list)
    back: list[Site] = field(default_factory=list)


def group(absent: Sequence[Absent], sites: Sequence[Site]) -> Grouping:
    """Every overdue device is told of by exactly one alarm: its site's or its own."""
    grouping, grouped = Grouping(), set[int]()
    of_site: defaultdict[SiteName, list[Absent]] = defaultdict(list)
    for device in absent:
        if device.site is not None and device.offline:
            of_site[device.site].append(device)
    for site in sites:
        grouped |= _group_site(site, of_site[site.name], grouping)
    for device in absent:
        if device.alarm_id is not None and not device.offline:
            grouping.clear_devices.append(device.device_id)
        elif device.alarm_id is not None and device.device_id in grouped:
            grouping.absorbed.append(device.device_id)
        elif device.alarm_id is None and device.overdue and device.device_id not in grouped:
            grouping.raise_devices.append(device.device_id)
    return grouping


def _group_site(site: Site, offline: Sequence[Absent], grouping: Grouping) -> frozenset[int]:
    """The devices that the site's alarm stands for from now on."""
    members = frozenset(device.device_id for device in offline)
    share = len(members) / site.known if site.known else 0.0
    if site.alarm_id is not None:
        if share <= BACK:
            grouping.back.append(site)
            return frozenset()
        if members != site.members:
            grouping.members.append((site, members))
        return members
    if site.known >= LEAST_DEVICES and share >= QUIET and any(device.overdue for device in offline):
        grouping.quiet.append((site, members))
        return members
    return frozenset()
