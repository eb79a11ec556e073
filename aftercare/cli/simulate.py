"""`aftercare simulate`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pandas as pd

from aftercare.cli.simulate_progress import watch
from aftercare.settings import Settings, load_settings
from device_sim.broker import parse_broker_url
from device_sim.errors import BrokerError, SimulatorError
from device_sim.fleet import Fleet, simulate_fleet
from device_sim.publisher import Clients, Publisher
from device_sim.recorded import NO_EVENTS, read_events, read_readings
from device_sim.remote.answering import Answering
from device_sim.remote.behaviour import Behaviour, parse_behaviours
from device_sim.remote.machine import machines_of, recorded_machines
from device_sim.replay_clock import ReplayClock, parse_clock
from device_sim.schedule import Schedule
from device_sim.summary import Summary
from domain.errors import ConfigurationError, InvalidInputError, UnavailableError

A_FILE = click.Path(path_type=Path)


def _fleet_sizes(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> Mapping[str, int]:
    """Read `DEVICE_MODEL=COUNT`; a model that is named twice adds up."""
    sizes: dict[str, int] = {}
    for value in values:
        model, _, count = value.partition("=")
        if not (count.isascii() and count.isdecimal() and 1 <= int(count) <= 9999):
            raise click.BadParameter(f"{value!r} is not DEVICE_MODEL=COUNT (1 to 9999), for example heat_pump=20")
        sizes[model] = sizes.get(model, 0) + int(count)
    return sizes


@click.command(
    epilog="Example: aftercare simulate --fleet heat_pump=20 --fleet compressor=20 --days 30 --speed 3600 --seed 7"
)
@click.option(
    "--fleet", "sizes", multiple=True, callback=_fleet_sizes, metavar="DEVICE_MODEL=COUNT", help="Repeatable."
)
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="How long it runs.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First day, UTC. Default: now; DAYS ago with --csv.")
@click.option("--skip-days", type=click.IntRange(0, 3650), default=0, help="Days from the start to leave out.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Same seed, same fleet.")
@click.option("--speed", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True, help="Pace of time.")
@click.option("--clock", help="START@WALL_EPOCHxSPEED instead of --speed; else AFTERCARE_CLOCK.")
@click.option("--mqtt", "mqtt_url", help="mqtt(s)://USER:PASSWORD@HOST:PORT; else AFTERCARE_MQTT_URL.")
@click.option("--clients", type=click.Choice([c.value for c in Clients]), default="one", help="One has no last wills.")
@click.option("--patience", type=click.FloatRange(0), default=30.0, show_default=True, help="Seconds to first connect.")
@click.option("--behaviour", "ills", multiple=True, metavar="DEVICE=BEHAVIOUR", help="Repeatable: *=slow, SC-0001=old.")
@click.option("--executions", type=A_FILE, help="CSV of every remote command that a device began to carry out.")
@click.option("--faults", is_flag=True, help="Mix in repeated, late, swapped and malformed messages.")
@click.option("--csv", "csv_folder", type=A_FILE, help="Write CSV files for 'aftercare import'; publish nothing.")
@click.option("--replay", type=A_FILE, help="Publish these readings (CSV) and no simulated fleet.")
@click.option("--events", type=A_FILE, help="Events (CSV) that go with --replay.")
@click.option("--sent", type=A_FILE, help="CSV of every acknowledged reading and event.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def simulate(
    sizes: Mapping[str, int],
    days: int,
    start: datetime | None,
    skip_days: int,
    seed: int,
    speed: float,
    clock: str | None,
    mqtt_url: str | None,
    clients: str,
    patience: float,
    ills: Sequence[str],
    executions: Path | None,
    faults: bool,
    csv_folder: Path | None,
    replay: Path | None,
    events: Path | None,
    sent: Path | None,
    as_json: bool,
) -> None:
    """Publish a simulated or recorded fleet over MQTT.

    The platform takes readings only from devices that it knows: import the fleet first, from the files that --csv
    writes. With the same --fleet, --start and --seed, --skip-days goes on where those files end.
    """
    if bool(sizes) == bool(replay) or (events and not replay) or (csv_folder and not sizes):
        raise click.UsageError("give --fleet DEVICE_MODEL=COUNT, or --replay READINGS.csv, with --events EVENTS.csv")
    with _one_line_errors():
        settings = load_settings()
        given = _given_clock(clock, settings)
        now = datetime.fromtimestamp(given.at(time.time()) if given else time.time(), UTC)
        begin = start.replace(tzinfo=UTC) if start else _days_ago(now, days) if csv_folder else now
        fleets = [_simulate(model, count, begin, skip_days, days, seed) for model, count in sizes.items()]
        if csv_folder:
            _write_csv(fleets, csv_folder, as_json)
            return
        readings, happenings = _recorded(replay, events) if replay else _simulated(fleets)
        machines = recorded_machines(readings) if replay else {k: v for f in fleets for k, v in machines_of(f).items()}
        behaviours = parse_behaviours(ills, machines)
        away = [device for device, behaviour in behaviours.items() if behaviour is Behaviour.OFFLINE]
        schedule = Schedule(*(frame[~frame["device"].isin(away)] for frame in (readings, happenings)))
        answering = Answering({k: v for k, v in machines.items() if k not in away}, behaviours, executions)
        if faults:
            schedule.mix_in_faults(seed)
        if given is None:
            first = schedule.due[0] / 1000 if replay else (begin + timedelta(days=skip_days)).timestamp()
            given = ReplayClock(first, time.time(), speed)
        broker = parse_broker_url(_broker_url(mqtt_url, settings), settings.mqtt_ca_file)
        publisher = Publisher(
            *(schedule, given, broker),
            clients=Clients(clients),
            patience=patience,
            sent=sent,
            answering=answering,
        )
        summary, stopped = watch(publisher)
    click.echo(json.dumps(summary.as_json()) if as_json else describe(summary))
    if stopped:
        raise click.exceptions.Exit(130)
    if not summary.complete:
        raise UnavailableError(
            f"{summary.refused} messages were refused by the broker: look into its log and its access rules"
        )


def describe(summary: Summary) -> str:
    """The summary as lines for a person."""
    devices = len(set(summary.readings) | set(summary.events))
    lines = [
        f"{summary.readings.total()} readings and {summary.events.total()} events of {devices} devices acknowledged "
        f"in {summary.seconds:.1f} s",
    ]
    if summary.unacknowledged or summary.refused:
        lines.append(f"not acknowledged: {summary.unacknowledged}, of which refused: {summary.refused}")
    if summary.losses:
        lines.append(f"connections lost: {summary.losses}; sent again after that: {summary.resent}")
    if summary.remote["heard"]:
        lines.append(f"twins and commands heard: {summary.remote['heard']}; executed: {summary.remote['executed']}")
    if summary.faults:
        lines.append("mixed in: " + ", ".join(f"{count} {fault}" for fault, count in sorted(summary.faults.items())))
    lines.append(f"failures published: {len(summary.failures)}")
    lines += [
        f"  {failure.ts:%Y-%m-%d %H:%M}  {failure.device}  {failure.failure_mode}" for failure in summary.failures
    ]
    return "\n".join(lines)


def _days_ago(now: datetime, days: int) -> datetime:
    """The beginning of a day, which --start can name."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)


def _simulate(model: str, count: int, begin: datetime, skip_days: int, days: int, seed: int) -> Fleet:
    whole = simulate_fleet(model, count, begin, (skip_days + days) * 24, seed)
    return whole.cut(begin + timedelta(days=skip_days))[1] if skip_days else whole


def _simulated(fleets: Sequence[Fleet]) -> tuple[pd.DataFrame, pd.DataFrame]:
    return pd.concat([fleet.readings for fleet in fleets]), pd.concat([fleet.events for fleet in fleets])


def _recorded(file: Path, events: Path | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    readings = read_readings(file)
    if readings.empty:
        raise InvalidInputError(f"{file} holds no reading: there is nothing to publish")
    return readings, read_events(events) if events else NO_EVENTS


def _write_csv(fleets: Sequence[Fleet], folder: Path, as_json: bool) -> None:
    try:
        written = {fleet.device_model: fleet.write_csv(folder / fleet.device_model) for fleet in fleets}
    except OSError as error:
        raise InvalidInputError(f"cannot write into {folder}: {error.strerror}") from error
    if as_json:
        click.echo(json.dumps({model: {name: str(path) for name, path in p.items()} for model, p in written.items()}))
        return
    for fleet in fleets:
        paths = written[fleet.device_model]
        first, last = fleet.readings["ts"].min(), fleet.readings["ts"].max()
        click.echo(
            f"{fleet.device_model}: {len(fleet.devices)} devices, {len(fleet.readings)} readings, "
            f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
        )
        options = " ".join(f"--{name} {path}" for name, path in paths.items())
        click.echo(f"  aftercare import --device-model {fleet.device_model} {options}")


def _given_clock(text: str | None, settings: Settings) -> ReplayClock | None:
    """The clock of --clock or AFTERCARE_CLOCK; None means one of our own."""
    if text is None and settings.clock == "system":
        return None
    return parse_clock(text or settings.clock)


def _broker_url(given: str | None, settings: Settings) -> str:
    url = given or settings.mqtt_url
    if url is None:
        raise ConfigurationError("no broker: give --mqtt mqtt://HOST:PORT or set AFTERCARE_MQTT_URL")
    return url


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """The simulator has errors of its own, since it imports none of ours."""
    try:
        yield
    except BrokerError as error:
        raise UnavailableError(str(error)) from error
    except SimulatorError as error:
        raise InvalidInputError(str(error)) from error
