"""`aftercare backtest alarms`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import track
from rich.table import Column, Table

from aftercare import wiring
from aftercare.cli.tables import print_table
from aftercare.settings import load_settings
from domain.alarm_rule import AlarmRule
from domain.catalog_rules import parse_alarm_rules
from domain.clock import read_instant
from domain.device_model import DeviceModel
from domain.errors import InvalidInputError
from store.database import Connection
from store.migrate import require_current

if TYPE_CHECKING:
    from alerts.rule_replay import Failure, RuleOutcome
    from alerts.rule_runs import Episode

DEVICES_AT_ONCE = 50
"""Bounds the memory, however large the fleet is."""
PRESENT, CHANGED = "present", "changed"


@dataclass(frozen=True, slots=True)
class Tried:
    """What each set of rules would have raised between the first and the last reading; outcomes by set and rule."""

    device_model: str
    first: datetime
    last: datetime
    devices: int
    failures: int
    outcomes: Mapping[str, Mapping[str, RuleOutcome]]


def _instant(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return read_instant(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not an ISO 8601 instant such as 2026-01-01T00:00Z") from error


@click.command(epilog="Example: aftercare backtest alarms --device-model compressor --rules new_rules.toml")
@click.option("--device-model", "name", required=True, help="Whose history the rules are tried on.")
@click.option(
    "--rules",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file of [[alarm_rule]] tables as in the catalog. Default: the present rules alone.",
)
@click.option(
    "--since", metavar="INSTANT", callback=_instant, help="From this instant on; UTC unless it says otherwise."
)
@click.option("--until", metavar="INSTANT", callback=_instant, help="Before this instant.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def alarms(name: str, file: Path | None, since: datetime | None, until: datetime | None, as_json: bool) -> None:
    """Replay history against changed alarm rules and compare what they would have raised with the present ones.

    Nothing is raised and nothing is stored. An alarm has caught a failure when it came within the failure mode's
    horizon before it, in time when at least its lead time was left, and is unfounded when no failure followed.
    """
    application = wiring.build(load_settings(), pool_size=1, application="aftercare backtest")
    device_model = application.device_model(name)
    if since and until and since >= until:
        raise InvalidInputError(f"--since {since} is not before --until {until}")
    sets: dict[str, Sequence[AlarmRule]] = {PRESENT: device_model.alarm_rules}
    if file is not None:
        sets[CHANGED] = _read_rules(file, device_model)
    if not any(sets.values()):
        raise InvalidInputError(f"{name} has no alarm rules: give some with --rules FILE")
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        tried = _try(connection, device_model, sets, since, until, quiet=as_json)
    if as_json:
        click.echo(json.dumps(asdict(tried), default=lambda instant: instant.isoformat()))
    else:
        _print(tried)


def _read_rules(file: Path, device_model: DeviceModel) -> Sequence[AlarmRule]:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{file} is not UTF-8 at byte {error.start}: save it as UTF-8") from error
    channels = [channel.name for channel in device_model.channels]
    return parse_alarm_rules(text, file.name, channels=channels, reading_interval=device_model.reading_interval)


def _try(
    connection: Connection,
    device_model: DeviceModel,
    sets: Mapping[str, Sequence[AlarmRule]],
    since: datetime | None,
    until: datetime | None,
    *,
    quiet: bool,
) -> Tried:
    from alerts.rule_replay import judge_outcome, replay  # pandas takes a second to import
    from store.frames import read_frame
    from store.rule_memories import zones

    episodes: dict[tuple[str, str], dict[str, list[Episode]]] = {
        (chosen, rule.name): {} for chosen, rules in sets.items() for rule in rules
    }
    zone_of = zones(connection, device_model)
    names, heard, first, last = list(zone_of), 0, datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
    starts = range(0, len(names), DEVICES_AT_ONCE)
    for start in track(starts, "Replaying", disable=quiet or not Console().is_terminal, transient=True):
        group = names[start : start + DEVICES_AT_ONCE]
        frame = read_frame(connection, device_model, since=since, until=until, devices=group)
        if frame.empty:
            continue
        first, last = min(first, frame["ts"].min()), max(last, frame["ts"].max())
        for device, history in frame.groupby("device", sort=False):
            heard += 1
            zone = ZoneInfo(zone_of[str(device)])
            for chosen, rules in sets.items():
                for rule in rules:
                    found = replay(rule, history, zone, until or frame["ts"].max().to_pydatetime())
                    episodes[chosen, rule.name][str(device)] = found
    if not heard:
        raise InvalidInputError(f"no readings of {device_model.name} are stored in that time: nothing to replay")
    failures = _failures(connection, device_model, first, last)
    outcomes: dict[str, dict[str, RuleOutcome]] = {chosen: {} for chosen in sets}
    for (chosen, rule_name), of_devices in episodes.items():
        outcomes[chosen][rule_name] = judge_outcome(of_devices, failures)
    return Tried(device_model.name, first, last, heard, sum(map(len, failures.values())), outcomes)


def _failures(
    connection: Connection, device_model: DeviceModel, first: datetime, last: datetime
) -> dict[str, list[Failure]]:
    from alerts.rule_replay import Failure
    from store.frames import read_events_frame

    events = read_events_frame(connection, device_model, until=last, others_since=last)
    events = events[(events["kind"] == "failure") & (events["ts"] >= first)]
    modes = {mode.name: mode for mode in device_model.failure_modes}
    failures: dict[str, list[Failure]] = {}
    for device, ts, mode_name in zip(events["device"], events["ts"], events["failure_mode"], strict=True):
        if mode := modes.get(mode_name):
            failure = Failure(ts.to_pydatetime(), mode.horizon, mode.lead_time)
            failures.setdefault(device, []).append(failure)
    return failures


def _print(tried: Tried) -> None:
    title = (
        f"{tried.device_model}: {tried.devices} devices, {tried.failures} failures, "
        f"{tried.first:%Y-%m-%d} to {tried.last:%Y-%m-%d}"
    )
    table = Table(
        "rule\nrules", "alarms", "devices", Column("first\nlast", no_wrap=True), "caught", "in time", "unfounded",
        title=title, title_justify="left",
    )  # fmt: skip
    for name in dict.fromkeys(name for outcomes in tried.outcomes.values() for name in outcomes):
        for chosen, outcomes in tried.outcomes.items():
            table.add_row(f"{name}\n{chosen}", *_cells(outcomes.get(name)))
    print_table(table)


def _cells(outcome: RuleOutcome | None) -> list[Any]:
    if outcome is None:
        return ["no such rule"]
    days = "\n".join(f"{ts:%Y-%m-%d}" if ts else "-" for ts in (outcome.first, outcome.last))
    counts = (outcome.caught, outcome.in_time, outcome.unfounded)
    return [str(outcome.alarms), str(outcome.devices), days, *map(str, counts)]
