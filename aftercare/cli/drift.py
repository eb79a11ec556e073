"""`aftercare drift`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.table import Table

from aftercare import wiring
from aftercare.cli import flow_runs
from aftercare.cli.tables import print_table
from aftercare.logs import configure_logging
from aftercare.settings import Settings, load_settings
from domain.errors import AftercareError

if TYPE_CHECKING:
    from pipelines.drift import MeasuredMode


@click.command(epilog="Example: aftercare drift heat_pump")
@click.argument("device_model", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def drift(device_model: str | None, as_json: bool) -> None:
    """Measure whether the champions still see what they learnt from, and whether technicians find what they predict.

    Stores the findings and raises or clears the alarm of each failure mode, as the schedule does every day.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    measured = _measure(settings, [device_model] if device_model else [])
    if not measured:
        raise AftercareError(
            f"no model of {device_model or 'any device model'} is trained: run 'aftercare train' first"
        )
    if as_json:
        click.echo(json.dumps([asdict(one) for one in measured]))
        return
    table = Table("failure mode", "version", "what", "measured", "boundary", "over", "drifted")
    for one in measured:
        for finding in sorted(one.findings, key=lambda finding: finding.boundary / max(finding.measure, 1e-9)):
            numbers = (f"{finding.measure:.2f}", f"{finding.boundary:.2f}", str(finding.sample))
            drifted = "yes" if finding.drifted else "no"
            place = f"{one.device_model} {one.failure_mode}"
            table.add_row(place, str(one.model_version_id), finding.subject, *numbers, drifted)
    print_table(table)
    for one in measured:
        for told in (finding.message for finding in one.findings if finding.drifted):
            click.echo(f"{one.device_model} {one.failure_mode}: {told}")
    problems = [f"{one.device_model} {one.failure_mode}: {one.problem}" for one in measured if one.problem]
    if problems:
        raise AftercareError(f"not every model's inputs could be measured: {'; '.join(problems)}")


def _measure(settings: Settings, names: Sequence[str]) -> Sequence[MeasuredMode]:
    from pipelines.drift import measure_device_model
    from pipelines.training import device_models_to_train

    application = wiring.build(settings)
    chosen = device_models_to_train(application, names)

    def here() -> Sequence[MeasuredMode]:
        return [one for model in chosen for one in measure_device_model(application, model)]

    return flow_runs.run(application, "measure_drift", ([model.name for model in chosen],), here)
