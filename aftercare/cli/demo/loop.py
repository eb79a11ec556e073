"""The loop on a fleet: history in, models trained, the live fleet replayed, and the figures counted."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from math import ceil
from typing import Any

import pandas as pd

from aftercare.cli.demo.agreements import sign_agreements
from aftercare.cli.demo.figures import Counts, Figures, count_readings, summarise
from aftercare.cli.demo.fleets import DemoFleet
from aftercare.cli.demo.technicians import employ_technicians
from aftercare.one_machine import Platform
from aftercare.settings import child_environment
from domain.device_model import DeviceModel
from domain.errors import AftercareError
from ingest.bulk import import_history
from service_desk.shelves import receive
from store.database import Database
from store.frames import read_frame
from store.outcomes import FailureOutcome, TicketOutcome, failure_outcomes, ticket_outcomes
from store.troubleshooting import RemoteFix
from store.troubleshooting import fixes as remote_fixes

WHO = "demo"
DRAIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Results:
    """Everything the closing table and `--json` tell."""

    counts: Counts
    figures: Figures
    failures: Sequence[FailureOutcome]
    tickets: Sequence[TicketOutcome]
    fixes: Sequence[RemoteFix]


def bring_history(database: Database, catalog: Mapping[str, DeviceModel], fleet: DemoFleet) -> int:
    """Import devices, what they are entitled to and who visits them, readings and events; the number of readings."""
    readings = 0
    for history in fleet.history:
        report = import_history(
            database,
            catalog[history.device_model],
            readings=history.readings,
            events=history.events,
            devices=history.devices,
        )
        if report.rejected:
            raise AftercareError(f"{report.rejected} rows of the demo's history were rejected: {report.rejects[0]}")
        readings += report.readings
    with database.transaction() as connection:
        devices = pd.concat([history.devices for history in fleet.history], ignore_index=True)
        sign_agreements(connection, catalog, devices, fleet.start)
        models = [catalog[history.device_model] for history in fleet.history]
        employ_technicians(connection, models, sorted(set(devices["service_centre"])), fleet.start)
    return readings


def fill_shelves(database: Database, catalog: Mapping[str, DeviceModel], fleet: DemoFleet, now: datetime) -> None:
    """Put parts on the shelf of every service centre: for each failure mode, kits for half of the centre's devices."""
    with database.transaction() as connection:
        for history in fleet.history:
            served = history.devices.groupby("service_centre")["name"].count()
            for mode in catalog[history.device_model].failure_modes:
                for line, (centre, devices) in product(mode.kit, served.items()):
                    receive(
                        connection,
                        service_centre=str(centre),
                        part_no=line.part_no,
                        quantity=line.quantity * ceil(devices / 2),
                        who=WHO,
                        now=now,
                    )


def train_models(platform: Platform, fleet: DemoFleet) -> list[dict[str, Any]]:
    """Run `aftercare train`, a Prefect flow, for each device model at the same time, as a fit keeps to one core.

    Returns one row per failure mode.
    """
    environment = child_environment({**platform.environment, "PREFECT_LOGGING_LEVEL": "ERROR"})
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "aftercare", "train", history.device_model, "--json"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for history in fleet.history
    ]
    try:
        told = [(run, *run.communicate()) for run in runs]
        return [row for run, output, complaints in told for row in _rows(output, complaints, run.returncode)]
    finally:
        for run in runs:
            run.kill()
            run.wait()


def _rows(output: str, complaints: str, code: int) -> list[dict[str, Any]]:
    if code != 0:
        raise AftercareError(f"training failed: {(complaints or output).strip().splitlines()[-1]}")
    rows: list[dict[str, Any]] = json.loads(output.strip().splitlines()[-1])
    return rows


def wait_for_readings(database: Database, catalog: Mapping[str, DeviceModel], fleet: DemoFleet, expected: int) -> None:
    """Until as many live readings are stored as were sent, at most a minute: then the count tells what is lost."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while len(stored_readings(database, catalog, fleet)) < expected and time.monotonic() < deadline:
        time.sleep(0.2)


def stored_readings(
    database: Database, catalog: Mapping[str, DeviceModel], fleet: DemoFleet
) -> list[tuple[str, datetime]]:
    """Device and time of every live reading that is stored."""
    with database.transaction() as connection:
        frames = [
            read_frame(connection, catalog[history.device_model], since=fleet.start)[["device", "ts"]]
            for history in fleet.history
        ]
    rows = pd.concat(frames)
    return list(zip(rows["device"], rows["ts"].dt.to_pydatetime(), strict=True))


def count_results(
    database: Database,
    catalog: Mapping[str, DeviceModel],
    fleet: DemoFleet,
    sent: Sequence[tuple[str, datetime]],
) -> Results:
    """Count both ends and judge every failure and ticket of the live time."""
    models = {history.device_model: catalog[history.device_model] for history in fleet.history}
    counts = count_readings(sent, stored_readings(database, models, fleet))
    failures, tickets = live_outcomes(database, catalog, fleet)
    with database.transaction() as connection:
        fixes = remote_fixes(connection, since=fleet.start)
    averted = averted_failures(fixes, failures, fleet, models)
    figures = summarise(failures, tickets, models, until=fleet.end, fixes=fixes, averted=averted)
    return Results(counts, figures, failures, tickets, fixes)


def averted_failures(
    fixes: Sequence[RemoteFix],
    failures: Sequence[FailureOutcome],
    fleet: DemoFleet,
    models: Mapping[str, DeviceModel],
) -> list[RemoteFix]:
    """The last fix before each failure that the simulator had planned and that did not happen until the end."""
    planned = fleet.live_events[fleet.live_events["kind"] == "failure"]
    found: dict[tuple[str, str], RemoteFix] = {}
    for fix in fixes:
        codes = models[fix.device_model].failure_mode(fix.failure_mode).event_codes
        due = planned[(planned["device"] == fix.device) & planned["code"].isin(codes) & (planned["ts"] > fix.fixed_at)]
        key = (fix.device, fix.failure_mode)
        came = any((row.device, row.failure_mode) == key and row.failed_at > fix.fixed_at for row in failures)
        if len(due) and not came:
            found[key] = fix
    return list(found.values())


def live_outcomes(
    database: Database, catalog: Mapping[str, DeviceModel], fleet: DemoFleet
) -> tuple[Sequence[FailureOutcome], Sequence[TicketOutcome]]:
    """Failures and tickets of the live devices so far: an engine of the history has no life left to be judged by."""
    live = set(fleet.live_readings["device"].unique())
    with database.transaction() as connection:
        failures = failure_outcomes(connection, catalog, since=fleet.start)
        tickets = ticket_outcomes(connection, catalog, since=fleet.start)
    return [row for row in failures if row.device in live], [row for row in tickets if row.device in live]
