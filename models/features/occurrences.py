"""What happened to a device: counts of its events, and the time since the last one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from models.features.names import OTHER_CODES, event_group, window_name
from models.features.stretches import Floats
from models.lives import HOUR_MS, NEVER, Integers, Lives, milliseconds

MOST_CODES = 20
"""Of each kind of event that are counted one by one; the rarer ones are counted together."""


@dataclass(frozen=True, slots=True)
class EventCount:
    """Events that are counted together. Without codes: all of the kind that no other count of the kind takes."""

    group: str
    kind: str
    codes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Instants:
    """Instants by device on one sorted axis, to be looked up for many rows at once."""

    axis: Integers
    origin: int
    span: int

    @classmethod
    def of(cls, frame: pd.DataFrame, column: str, lives: Lives) -> Instants:
        """Those of devices that have readings; `column` holds the instants, and NaT is none."""
        device = lives.names.get_indexer(pd.Index(frame["device"]))
        told = (device >= 0) & frame[column].notna().to_numpy()
        ts = milliseconds(frame[column])[told]
        origin = min(ts.min(initial=2**62), lives.ts.min(initial=2**62)) - 1
        span = max(ts.max(initial=-(2**62)), lives.ts.max(initial=-(2**62))) - origin + 2
        return cls(np.sort(device[told] * span + ts - origin), int(origin), int(span))

    def until(self, device: Integers, ts: Integers) -> Integers:
        """How many of all devices in order lie at or before these instants of these devices."""
        within = np.clip(ts, self.origin, self.origin + self.span - 1) - self.origin
        return np.searchsorted(self.axis, device * self.span + within, side="right").astype(np.int64)

    def latest(self, device: Integers, ts: Integers) -> Integers:
        """The last instant of the device at or before ts, in milliseconds; `NEVER` without one."""
        place = self.until(device, ts) - 1
        found = place >= np.searchsorted(self.axis, device * self.span)
        latest = np.full(len(ts), NEVER)
        latest[found] = self.axis[place[found]] - device[found] * self.span + self.origin
        return latest


def choose_counts(events: pd.DataFrame, kinds: Sequence[str]) -> list[EventCount]:
    """The codes that are worth a count: the most common ones of each kind, and the others together."""
    counts: list[EventCount] = []
    for kind in kinds:
        codes = events.loc[events["kind"] == kind, "code"]
        common = sorted(sorted(codes.unique()), key=lambda code: -int((codes == code).sum()))
        by_group: dict[str, list[str]] = {}
        for code in common[:MOST_CODES]:
            by_group.setdefault(event_group(kind, code), []).append(code)
        counts += [EventCount(group, kind, tuple(members)) for group, members in by_group.items()]
        if len(common) > MOST_CODES:
            counts.append(EventCount(event_group(kind, OTHER_CODES), kind, ()))
    return counts


def count_events(
    events: pd.DataFrame, counts: Sequence[EventCount], lives: Lives, asked: Integers, windows: Sequence[timedelta]
) -> Iterator[tuple[str, Floats]]:
    """`count` within each (t - window, t], and `since` in hours within the longest; an event before the life began
    counts for nothing."""
    device, now = lives.device[asked], lives.ts[asked]
    begun = lives.after[lives.of_row[asked]]
    for count in counts:
        of_kind = events[events["kind"] == count.kind]
        named = [code for other in counts if other.kind == count.kind for code in other.codes]
        chosen = of_kind["code"].isin(list(count.codes)) if count.codes else ~of_kind["code"].isin(named)
        instants = Instants.of(of_kind[chosen], "ts", lives)
        seen = instants.until(device, now)
        since = np.full(len(asked), NEVER)
        for length in windows:
            since = np.maximum(now - length // timedelta(milliseconds=1), begun)
            yield f"{count.group}.count_{window_name(length)}", (seen - instants.until(device, since)).astype(float)
        latest = instants.latest(device, now)
        yield f"{count.group}.since", np.where(latest > since, (now - latest) / HOUR_MS, np.nan)
