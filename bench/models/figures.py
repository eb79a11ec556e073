"""A measured value beside each of its limits, and the table that shows them side by side."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from bench.figures import Figure, figure, shown

PLAIN, PUBLISHED = "plain gradient boosting", "best published"
REPORTED = "gradient boosting with features, as reported"
HALF_WIDTH = "95 % half-width over devices"
INTERVAL = "90 % interval from", "90 % interval to"
COLUMNS = {PLAIN: "plain, measured", REPORTED: "boosting, reported", PUBLISHED: PUBLISHED}


def beside(
    name: str, value: float, limits: Mapping[str, float], unit: str = "", goal: str = "-", *, met: bool = True
) -> list[Figure]:
    """The same value once for each limit: those of `COLUMNS` get a column of the table, others are named in it."""
    return [figure(name, value, unit, limit_name, limit, goal, met=met) for limit_name, limit in limits.items()]


def at_most(name: str, value: float, limits: Mapping[str, float], goal: float, unit: str = "") -> list[Figure]:
    """As `beside`, with a goal that the value must not exceed."""
    return beside(name, value, limits, unit, f"at most {goal:g}", met=value <= goal)


def took(name: str, seconds: float, goal: float) -> list[Figure]:
    """A time, and how busy the machine was meanwhile: on a busy one the time says little."""
    return [
        *at_most(name, seconds, {"goal": goal}, goal, "s"),
        *beside(f"{name}: load average then", os.getloadavg()[0], {"cores": float(os.cpu_count() or 1)}),
    ]


def show_side_by_side(title: str, figures: Sequence[Figure]) -> None:
    """Print one row for each name, in the order of the first figure of that name."""
    table = Table("figure", "ours", *COLUMNS.values(), "beside", "goal", "met", title=title)
    for name in dict.fromkeys(str(one["name"]) for one in figures):
        rows = [one for one in figures if one["name"] == name]
        limits = {str(one["limit_name"]): shown(one["limit_value"]) for one in rows}
        half_width = limits.pop(HALF_WIDTH, None)
        ends = [limits.pop(end, "") for end in INTERVAL]
        ours = f"{shown(rows[0]['value'])} {rows[0]['unit']}".strip() + (f" ± {half_width}" if half_width else "")
        ours += f" ({ends[0]} to {ends[1] or 'any'})" if any(ends) else ""
        columns = [limits.pop(limit, "") for limit in COLUMNS]
        others = ", ".join(f"{value} {limit}" for limit, value in limits.items() if limit != "goal")
        goal = str(rows[0]["goal"])
        met = "" if goal == "-" else "yes" if all(one["met"] for one in rows) else "NO"
        table.add_row(name, ours, *columns, others, goal, met)
    Console(width=170).print(table)
