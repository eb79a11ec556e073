"""What the doctor looks at in the database. Each needs AFTERCARE_DATABASE_URL, all but the first its check before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from aftercare.cli.doctor.findings import Status
from aftercare.cli.receiver_options import describe
from aftercare.settings import Settings
from aftercare.wiring import load_catalog
from domain.clock import parse_clock, system_clock
from domain.delivery import ReceiverState
from domain.errors import UnavailableError
from store import commands, diagnostics_session, undeclared
from store.database import Connection, connect, describe_url, detect_tier, read_clock
from store.ingest_slots import slots
from store.migrate import require_current
from store.receivers import list_receivers
from store.sizes import Size, backlog, sizes
from store.undeclared import UndeclaredChannel

WRITES_BEHIND = 1000
"""More than a minute of ingest at full speed: upkeep does not run, or cannot keep up."""
TAKEOVER_TAKES = timedelta(minutes=1)
"""After which a slot should be gone that is left behind: longer only with a long backlog, during which it is held."""
MAX_SKEW = timedelta(seconds=2)
UNDECLARED_WITHIN = timedelta(days=1)
UNDECLARED_SHOWN = 10


def check_database(settings: Settings) -> tuple[Status, str]:
    """Whether it answers, and what it can do."""
    if settings.database_url is None:
        return Status.SKIPPED, "AFTERCARE_DATABASE_URL is not set: 'aftercare up' brings a database of its own"
    with _connected(settings) as connection:
        tier = detect_tier(connection)
    return Status.OK, f"{describe_url(settings.database_url).removeprefix('database ')} answers ({tier})"


def check_schema(settings: Settings) -> tuple[Status, str]:
    """Whether every migration was applied."""
    with _connected(settings) as connection:
        require_current(connection)
    return Status.OK, "is current"


def check_storage(settings: Settings) -> tuple[Status, str]:
    """How much room readings take."""
    with _connected(settings) as connection:
        found = sizes(connection, list(load_catalog(settings.catalog_dir).values()))
    return Status.OK, "; ".join(map(_describe_size, found))


def check_delivery(settings: Settings) -> tuple[Status, str]:
    """Whether every receiver takes what it is sent."""
    with _connected(settings) as connection:
        found = list_receivers(connection)
    unwell = [one for one in found if one.failures or one.failed or one.state is ReceiverState.STOPPED]
    if unwell:
        said = "; ".join(f"{one.name} is {describe(one)}" for one in unwell)
        raise UnavailableError(f"{said}. Mend it, then 'aftercare webhooks resume NAME' or 'people resume NAME'")
    return Status.OK, f"receivers: {len(found)}, all well"


def check_commands(settings: Settings) -> tuple[Status, str]:
    """Whether somebody speaks with devices while commands wait."""
    with _connected(settings) as connection:
        held, waiting = diagnostics_session.is_held(connection), commands.backlog(connection)
    open_ones = waiting.queued + waiting.sending + waiting.awaited
    told = (
        f"{open_ones:,} commands have not ended: {waiting.queued:,} are queued, {waiting.awaited:,} wait for an answer"
    )
    if held:
        return Status.OK, f"one process speaks with devices; {told}"
    if open_ones:
        raise UnavailableError(f"no process speaks with devices, and {told}: start 'aftercare diagnostics'")
    return Status.NOTE, "no process speaks with devices: start 'aftercare diagnostics' before you send commands"


def check_upkeep(settings: Settings) -> tuple[Status, str]:
    """Whether upkeep keeps up."""
    with _connected(settings) as connection:
        behind = backlog(connection)
    if behind.writes > WRITES_BEHIND:
        raise UnavailableError(f"{behind.writes:,} writes wait for it, so charts are slow: start 'aftercare upkeep'")
    return Status.OK, f"{behind.writes:,} writes and {behind.buckets:,} buckets wait for it"


def check_channels(settings: Settings) -> tuple[Status, str]:
    """Whether devices send channels that the catalog does not declare."""
    catalog = load_catalog(settings.catalog_dir)
    with _connected(settings) as connection:
        came = undeclared.since(connection, parse_clock(settings.clock)() - UNDECLARED_WITHIN)
    declared = {(model.name, channel.name) for model in catalog.values() for channel in model.channels}
    found = [one for one in came if (one.device_model, one.channel) not in declared]
    if not found:
        return Status.OK, "every channel that came within a day is declared"
    more = f"; and {len(found) - UNDECLARED_SHOWN} more" if len(found) > UNDECLARED_SHOWN else ""
    named = "; ".join(map(_describe_channel, found[:UNDECLARED_SHOWN]))
    return Status.NOTE, (
        f"kept in the column extra only, and seen by no model, for the catalog does not declare them: {named}{more}. "
        "Declare them and run 'aftercare migrate', or have the devices send the declared names"
    )


def check_clock(settings: Settings) -> tuple[Status, str]:
    """Whether the database and this machine agree on the time."""
    with _connected(settings) as connection:
        before = system_clock()
        there = read_clock(connection)
        skew = abs(there - before - (system_clock() - before) / 2)
    if skew > MAX_SKEW:
        raise UnavailableError(
            f"the database's clock and this machine's are {skew.total_seconds():.0f} s apart: keep both by NTP"
        )
    return Status.OK, f"the database's clock and this machine's agree to {skew.total_seconds():.1f} s"


def check_replicas(settings: Settings) -> tuple[Status, str]:
    """Whether a share of the messages waits for nobody."""
    with _connected(settings) as connection:
        found = slots(connection)
    lost = [slot for slot in found if not slot.held and slot.unheld > settings.ingest_takeover + TAKEOVER_TAKES]
    if lost:
        names = "; ".join(
            f"slot {slot.number} of group {slot.group}, last {slot.held_by}'s, for {_whole_seconds(slot.unheld)}"
            for slot in lost
        )
        raise UnavailableError(
            f"no ingest holds {names}: what the broker keeps for it waits. Start 'aftercare ingest', to take it over"
        )
    return Status.OK, f"ingest processes: {sum(slot.held for slot in found)}" + "".join(
        f"; slot {slot.number} of group {slot.group} waits to be taken over" for slot in found if not slot.held
    )


@contextmanager
def _connected(settings: Settings) -> Iterator[Connection]:
    assert settings.database_url is not None, "the check of the database comes first"
    with connect(settings.database_url) as connection:
        yield connection


def _describe_size(size: Size) -> str:
    each = "" if size.bytes_a_value is None else f" ({size.bytes_a_value:.0f} bytes a value)"
    return (
        f"{size.device_model}: about {size.rows:,} readings in {size.readings / 1e6:,.1f} MB{each}, "
        f"roll-ups {size.rollups / 1e6:,.1f} MB"
    )


def _describe_channel(one: UndeclaredChannel) -> str:
    sender = f" from {one.device}" if one.device else ""
    return f"{one.channel!r} of {one.device_model}, last at {one.last_at:%Y-%m-%d %H:%M}{sender}"


def _whole_seconds(time: timedelta) -> timedelta:
    return timedelta(seconds=int(time.total_seconds()))
