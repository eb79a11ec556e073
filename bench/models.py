"""How good and how quick the models are on C-MAPSS FD001, units 1-80, cross-validated over units.

Example: python -m bench.models --data ../shared/data/cmapss --json models.json
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import pandas as pd
from rich.console import Console
from rich.table import Table

from aftercare.cli.demo.fleets import fd001_fleet
from aftercare.wiring import load_catalog
from domain.errors import AftercareError
from models.features import build_features
from models.training import train

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Figure = dict[str, object]


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(data: Path, json_file: Path | None) -> None:
    """Print the figures of the turbofan's model as a table."""
    try:
        figures = measure(data)
    except AftercareError as error:
        raise click.ClickException(str(error)) from error
    table = Table("figure", "value", "limit", "", "goal", "met", title="C-MAPSS FD001, units 1-80, out of fold")
    for figure in figures:
        value, limit, met = f"{figure['value']:.3f} {figure['unit']}", f"{figure['limit_value']:g}", figure["met"]
        table.add_row(
            str(figure["name"]), value, limit, str(figure["limit_name"]), str(figure["goal"]), "yes" if met else "NO"
        )
    Console().print(table)
    if json_file:
        json_file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def measure(data: Path) -> list[Figure]:
    """Train once and compare; every limit stands beside its figure."""
    device_model = load_catalog()["turbofan_fd001"]
    history = fd001_fleet(data, device_model, NOW).history[0]
    readings = history.readings.sort_values(["device", "ts"], ignore_index=True)
    events = pd.DataFrame(history.events).assign(failure_mode="")
    mode = device_model.failure_modes[0]
    started = time.perf_counter()
    build_features(readings, events, device_model, mode)
    features_seconds = time.perf_counter() - started
    metrics = train(readings, events, device_model, mode).model.metrics
    seconds = time.perf_counter() - started
    rmse, coverage = metrics["rul_rmse_capped_hours"], metrics["rul_coverage"]
    return [
        _at_most("features of all readings", features_seconds, "s", "a second", 1.0),
        _at_most("features and training", seconds, "s", "half a minute", 30.0),
        _at_least("AUC of failing within the horizon", metrics["auc"], "", "a near-perfect ranking", 0.99),
        _at_most("RMSE of RUL, truth capped", rmse, "cycles", "gradient boosting on one subset, as designed", 10.3),
        _at_least("coverage of the 90 % interval", coverage, "", "what it states, less two points", 0.88),
        _at_most(
            "cost against run to failure", metrics["cost_ratio"], "", "planned over emergency cost, plus 10 %", 0.11
        ),
    ]


def _at_most(name: str, value: float, unit: str, limit_name: str, limit: float) -> Figure:
    return _figure(name, value, unit, limit_name, limit, f"at most {limit:g}", value <= limit)


def _at_least(name: str, value: float, unit: str, limit_name: str, limit: float) -> Figure:
    return _figure(name, value, unit, limit_name, limit, f"at least {limit:g}", value >= limit)


def _figure(name: str, value: float, unit: str, limit_name: str, limit: float, goal: str, met: bool) -> Figure:
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "limit_name": limit_name,
        "limit_value": limit,
        "ratio": value / limit,
        "goal": goal,
        "met": bool(met),
    }


if __name__ == "__main__":
    main()
