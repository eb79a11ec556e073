"""`aftercare backtest policy`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from aftercare import wiring
from aftercare.cli.tables import print_table
from aftercare.settings import load_settings
from domain.device_model import DeviceModel, FailureMode
from domain.errors import InvalidInputError, NotFoundError
from models.errors import TrainingError

if TYPE_CHECKING:
    from service_desk.policy.replay import Fleet, Replayed
    from store.database import Database

HOURS_A_YEAR = 8766.0


@click.command(epilog="Example: aftercare backtest policy --device-model compressor")
@click.option("--device-model", "name", required=True, help="Whose history is replayed.")
@click.option("--failure-mode", "mode_name", help="Only this one of its failure modes.")
@click.option("--anew", is_flag=True, help="Train models anew, on all that is stored by now.")
@click.option("--seed", type=click.IntRange(0), help="With --anew: deals the devices into folds.  [default: 0]")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def policy(name: str, mode_name: str | None, anew: bool, seed: int | None, as_json: bool) -> None:
    """Replay the history of a fleet: what running to failure, fixed rules and the decision in money would have cost.

    Whatever a policy learns comes from other devices; what is best in hindsight knew the outcome. Each device is told
    as the champion's training told it, by models that had not seen it; where there is no champion, models are trained,
    which takes as long as 'aftercare train'.
    """
    if seed is not None and not anew:
        raise click.UsageError("--seed is for models that are trained for the replay: add --anew, or leave it out")
    application = wiring.build(load_settings())
    device_model = application.device_model(name)
    modes = [device_model.failure_mode(mode_name)] if mode_name else list(device_model.failure_modes)
    replayed = []
    with application.database:
        for mode in modes:
            try:
                fleet = _fleet(application, device_model, mode, (seed or 0) if anew else None)
                replayed.append((mode, *replay_fleet(fleet)))
            except TrainingError as error:
                if len(modes) == 1:
                    raise
                click.echo(f"left out: {error}", err=True)
    if not replayed:
        raise NotFoundError(f"none of the failure modes of {name} can be replayed: import more history")
    if as_json:
        click.echo(json.dumps([_document(device_model, *one) for one in replayed]))
        return
    for mode, devices, outcome in replayed:
        _show(device_model, mode, devices, outcome)


def _fleet(application: wiring.Application, device_model: DeviceModel, mode: FailureMode, seed: int | None) -> Fleet:
    """seed: of models that are trained for this; None for what the champion's training told."""
    from pipelines.history import read_history  # models take a while to load
    from service_desk.policy.fleet import watch

    told = recall_fleet(application.database, device_model, mode) if seed is None else None
    if told is not None:
        return told
    with application.database.transaction() as connection:
        history = read_history(connection, device_model, until=application.clock())
    return watch(history, device_model, mode, seed=seed or 0)


def recall_fleet(database: Database, device_model: DeviceModel, mode: FailureMode) -> Fleet | None:
    """The history that the champion was trained on, told by models that had not seen the device; None without one."""
    from models.held_out import unpack
    from pipelines.promotion import find_champion
    from service_desk.policy.fleet import recall
    from store import frames, model_versions

    champion = find_champion(database, mode, device_model)
    if champion is None:
        return None
    with database.transaction() as connection:
        held_out = unpack(model_versions.read_held_out(connection, champion.model_version_id))
        known = model_versions.get_version(connection, champion.model_version_id).created_at
        return recall(held_out, frames.read_events_frame(connection, device_model, until=known), device_model, mode)


def replay_fleet(fleet: Fleet) -> tuple[int, Replayed]:
    """Devices, and every policy at the catalog's prices and notice."""
    from models.evaluation import hours
    from service_desk.policy.cost_rate import prices_of
    from service_desk.policy.replay import replay

    mode, prices = fleet.mode, prices_of(fleet.device_model, fleet.mode)
    if prices.emergency <= prices.planned:
        raise InvalidInputError(f"{mode.name}: an emergency visit costs no more than a planned one; check the catalog")
    [outcome] = replay(fleet, [prices], [hours(mode.lead_time)])
    return len(fleet.lives.names), outcome


def _figures(outcome: Replayed) -> Sequence[tuple[str, float, int, int, float]]:
    """Policy, minor units per device-year, failures, visits, ratio to the clairvoyant."""
    from service_desk.policy.replay import POLICIES

    return [
        (name, outcome.tolls[name].rate * HOURS_A_YEAR, outcome.tolls[name].failures, outcome.tolls[name].visits,
         outcome.ratio(name))
        for name in POLICIES
    ]  # fmt: skip


def _document(device_model: DeviceModel, mode: FailureMode, devices: int, outcome: Replayed) -> dict[str, Any]:
    keys = ("policy", "minor_per_device_year", "failures", "planned_visits", "ratio_to_clairvoyant")
    return {
        "device_model": device_model.name,
        "failure_mode": mode.name,
        "devices": devices,
        "currency": device_model.currency,
        "notice_hours": outcome.notice,
        "policies": [dict(zip(keys, row, strict=True)) for row in _figures(outcome)],
    }


def _show(device_model: DeviceModel, mode: FailureMode, devices: int, outcome: Replayed) -> None:
    title = f"{device_model.name} {mode.name}: {devices} devices, notice {outcome.notice:g} h"
    table = Table(
        "policy", f"{device_model.currency} per device-year", "failures", "planned visits", "to the clairvoyant",
        title=title, title_justify="left",
    )  # fmt: skip
    for name, cost, failures, visits, ratio in _figures(outcome):
        table.add_row(name, f"{cost / 100:,.2f}", str(failures), str(visits), f"{ratio:.3f}")
    print_table(table)
