"""`aftercare evaluate`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from aftercare import wiring
from aftercare.cli.tables import print_table
from aftercare.settings import load_settings
from domain.errors import AftercareError, InvalidInputError
from domain.silent_channels import tell_silent
from models.report_words import count_rows, figure_rows, split_names
from store.model_versions import ChampionMetrics, champion_metrics, read_report

Reported = Sequence[tuple[ChampionMetrics, Mapping[str, Any]]]


@click.command(epilog="Example: aftercare evaluate turbofan_fd001 --report report.html")
@click.argument("device_model", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the figures, their intervals and the curves as JSON.")
@click.option(
    "--report",
    "report_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page with figures and plots into this HTML file.",
)
def evaluate(device_model: str | None, as_json: bool, report_path: Path | None) -> None:
    """Show how well the champions do on devices, and in a time, that they had not seen in training.

    In brackets stand 90 % intervals. docs/evaluation.md says what each figure means.
    """
    application = wiring.build(load_settings())
    with application.database, application.database.transaction() as connection:
        versions = champion_metrics(connection, device_model=device_model)
        reported = [(version, read_report(connection, version.model_version_id)) for version in versions]
    if not reported:
        if device_model is not None:
            application.device_model(device_model)
        raise AftercareError(
            f"no model of {device_model or 'any device model'} is trained: run 'aftercare train' first"
        )
    if report_path is not None:
        _write(report_path, reported)
    if as_json:
        click.echo(json.dumps([_document(version, report) for version, report in reported]))
    else:
        _show(reported)


def _document(version: ChampionMetrics, report: Mapping[str, Any]) -> dict[str, Any]:
    names = {"device_model": version.device_model, "failure_mode": version.failure_mode}
    told = {"silent_channels": version.silent_channels, **version.metrics, "report": report}
    return {**names, "model_version": version.model_version_id, **told}


def _show(reported: Reported) -> None:
    for version, report in reported:
        if not report:
            click.echo(f"version {version.model_version_id} holds no figures: train {version.device_model} again")
            continue
        title = f"{version.device_model} {version.failure_mode}, version {version.model_version_id}"
        table = Table("measured on", *split_names(report), title=title, title_justify="left")
        for row in [*figure_rows(report), *count_rows(report)]:
            table.add_row(row.title, *row.texts)
        print_table(table)
        if silent := tell_silent(version.silent_channels):
            click.echo(f"channels that carried nothing in training: {silent}")
        if report["time_split_missing"]:
            click.echo(f"not measured on a later time: {report['time_split_missing']}")


def _write(path: Path, reported: Reported) -> None:
    from console.model_report import report_file  # the templates take a while to load

    page = report_file([(f"{one.device_model}: {one.failure_mode}", report) for one, report in reported if report])
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}; name another file") from error
