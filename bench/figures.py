"""The figures of a benchmark: each beside its limit, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

Figure = dict[str, object]


def figure(
    name: str,
    value: float,
    unit: str,
    limit_name: str,
    limit: float,
    goal: str,
    *,
    met: bool,
    ratio: float | None = None,
) -> Figure:
    """One measured value. ratio: when it is not value / limit, but for instance the median of several such."""
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "limit_name": limit_name,
        "limit_value": limit,
        "ratio": value / limit if ratio is None else ratio,
        "goal": goal,
        "met": met,
    }


def show(title: str, figures: Sequence[Figure], json_file: Path | None) -> None:
    """Print figures as a table, and write them to a file when one is named."""
    table = Table("figure", "value", "limit", "", "ratio", "goal", "met", title=title)
    for one in figures:
        table.add_row(
            str(one["name"]),
            f"{shown(one['value'])} {one['unit']}",
            shown(one["limit_value"]),
            str(one["limit_name"]),
            f"{one['ratio']:.2f}",
            str(one["goal"]),
            "yes" if one["met"] else "NO",
        )
    Console(width=150).print(table)
    if json_file:
        write(figures, json_file)


def write(figures: Sequence[Figure], json_file: Path) -> None:
    """Write figures for programs."""
    json_file.write_text(json.dumps(list(figures), indent=1) + "\n", encoding="utf-8")


def shown(value: object) -> str:
    """The number as people read it."""
    assert isinstance(value, int | float)
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
