"""`aftercare train`, `aftercare score`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from aftercare import wiring
from aftercare.cli import flow_runs
from aftercare.cli.tables import print_table
from aftercare.logs import configure_logging
from aftercare.settings import Settings, load_settings
from domain.errors import AftercareError
from domain.silent_channels import tell_silent
from domain.unmatched_events import tell_unmatched

if TYPE_CHECKING:
    from pipelines.scoring import ScoredModel
    from pipelines.training import TrainedMode

SILENT = "channels that carry nothing"
FIGURES = (
    ("failures", "failures", "{:.0f}"),
    ("auc", "AUC", "{:.3f}"),
    ("average_precision", "average precision", "{:.3f}"),
    ("rul_rmse_hours", "RUL error (h)", "{:.1f}"),
    ("rul_coverage", "90 % interval covers", "{:.0%}"),
    ("alarm_precision", "alarms right", "{:.0%}"),
    ("alarm_recall_in_time", "failures caught in time", "{:.0%}"),
    ("median_lead_time_hours", "median notice (h)", "{:.0f}"),
)


@click.command(epilog="Example: aftercare train turbofan_fd001")
@click.argument("device_models", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def train(device_models: tuple[str, ...], as_json: bool) -> None:
    """Train every failure mode of the named device models, or of all that have readings.

    Runs as a Prefect flow when PREFECT_API_URL names a server, and without one in this process.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    results = _train(settings, device_models)
    rows = [
        {
            "device_model": row.device_model,
            "failure_mode": row.failure_mode,
            "problem": row.problem,
            "model_version": row.model_version_id,
            "status": row.status,
            "reason": row.reason,
            "silent_channels": row.data.silent_channels,
            "unmatched_events": row.data.unmatched_events,
            **row.metrics,
        }
        for row in results
    ]
    if not rows:
        raise AftercareError(
            "there is nothing to train on: bring history with 'aftercare import' or wait for telemetry"
        )
    if as_json:
        click.echo(json.dumps(rows))
    else:
        _print(rows)
        _print_unused(results)
    if all(row["problem"] for row in rows):
        raise AftercareError("no failure mode could be trained: the reasons stand above")


@click.command(epilog="Example: aftercare score")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def score(as_json: bool) -> None:
    """Score every device once, record the predictions, and bring alarms, tickets and parts in line."""
    settings = load_settings()
    configure_logging(settings.log_level)
    for row in (results := _score(settings)):
        if as_json:
            counts = {"device_model": row.device_model, "devices": row.devices, "new": row.new_predictions}
            told = {"problems": list(row.problems), "silent_channels": row.silent_channels}
            click.echo(json.dumps({**counts, **told}))
        elif row.devices:
            click.echo(f"{row.device_model}: {row.devices} devices scored, {row.new_predictions} new predictions")
            if silent := tell_silent(row.silent_channels):
                click.echo(f"{row.device_model}: {SILENT}: {silent}")
    if not as_json and not any(row.devices for row in results):
        click.echo(
            "no device scored: a device is, while its latest reading is younger than the longest window of its "
            "features, and a model of its failure modes is trained"
        )
    problems = [f"{row.device_model} {problem}" for row in results for problem in row.problems]
    if problems:
        raise AftercareError(f"not everything could be scored: {'; '.join(problems)}")


def _score(settings: Settings) -> Sequence[ScoredModel]:
    from pipelines.scoring import score_device_model

    application = wiring.build(settings)

    def here() -> Sequence[ScoredModel]:
        return [score_device_model(application, model) for model in application.catalog.values()]

    return flow_runs.run(application, "score", (), here)


def _train(settings: Settings, device_models: Sequence[str]) -> Sequence[TrainedMode]:
    from pipelines.training import device_models_to_train, train_device_model

    application = wiring.build(settings)
    chosen = device_models_to_train(application, device_models)

    def here() -> Sequence[TrainedMode]:
        return [row for model in chosen for row in train_device_model(application, model, "")]

    return flow_runs.run(application, "train", ([model.name for model in chosen],), here)


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    for device_model in dict.fromkeys(row["device_model"] for row in rows):
        trained = [row for row in rows if row["device_model"] == device_model and not row["problem"]]
        if not trained:
            continue
        table = Table(f"{device_model}\non held-out devices", *(row["failure_mode"] for row in trained))
        for key, title, form in FIGURES:
            table.add_row(title, *(form.format(row[key]) if row.get(key) is not None else "-" for row in trained))
        print_table(table)
    for row in rows:
        if row["problem"]:
            click.echo(f"{row['failure_mode']}: {row['problem']}")
        elif row.get("status"):
            click.echo(f"{row['failure_mode']}: version {row['model_version']} is {row['status']}: {row['reason']}")


def _print_unused(results: Sequence[TrainedMode]) -> None:
    """What of each device model's data nothing was learnt from."""
    for one in {result.device_model: result for result in results}.values():
        if silent := tell_silent(one.data.silent_channels):
            click.echo(f"{one.device_model}: {SILENT}: {silent}")
        if unmatched := tell_unmatched(one.data.unmatched_events):
            click.echo(f"{one.device_model}: {unmatched}")
