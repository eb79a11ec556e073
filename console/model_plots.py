"""The plots of a model report as numbers for an SVG template. Pure; nothing here knows of HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.charts import Tick

WIDTH, HEIGHT = 420, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 20, 14, 42
LONG = 120.0
"""Hours from which notice is told in days."""
RISK_TICKS = (0.005, 0.02, 0.1, 0.3, 0.7, 0.9, 0.97)


@dataclass(frozen=True, slots=True)
class Point:
    """A measured value with the ends of its interval, in SVG units, and what to say of it."""

    x: float
    y: float
    low: float
    high: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in SVG units, and what to say of it."""

    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot: what there is of it is drawn. guide: a line to compare with; level: one across; mark: one upwards."""

    title: str
    x_title: str
    y_title: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    points: Sequence[Point] = ()
    bars: Sequence[Bar] = ()
    line: str = ""
    guide: str = ""
    level: Tick | None = None
    mark: Tick | None = None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def reliability_plot(split: Mapping[str, Any]) -> Plot:
    """Share that failed over the risk that was told, with 90 % intervals; a true risk lies on the guide."""
    ticks = [number / 5 for number in range(6)]
    points = [
        Point(
            _x(point["risk"]),
            _y(point["failed"]),
            _y(point["low"]),
            _y(point["high"]),
            f"told {point['risk']:.1%}, failed {point['failed']:.1%} ({point['low']:.1%} to {point['high']:.1%}): "
            f"{point['rows']:,} readings of {point['devices']:,} devices",
        )
        for point in split["reliability"]
    ]
    return Plot(
        "Is the risk true?",
        "Risk told",
        "Share that failed",
        [Tick(_x(tick), f"{tick:.0%}") for tick in ticks],
        [Tick(_y(tick), f"{tick:.0%}") for tick in ticks],
        points=points,
        guide=f"M{_x(0)},{_y(0)}L{_x(1)},{_y(1)}",
    )


def lead_plot(split: Mapping[str, Any]) -> Plot:
    """How many failures had how much notice; the mark is what a visit with its part needs."""
    leads = split["leads"]
    edges, counts, last = leads["edges"], leads["counts"], leads["edges"][-1]
    most, size, unit = max([*counts, 1]), *((24.0, "days") if last > LONG else (1.0, "hours"))
    step = _step(most / 4, whole=True)
    bars = []
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        left, right, top = _x(low / last), _x(high / last), _y(count / most)
        text = f"{count} failures with {low / size:.3g} to {high / size:.3g} {unit} of notice"
        bars.append(Bar(left + 1, top, round(right - left - 2, 1), round(_y(0) - top, 1), text))
    every = _step(last / size / 6) * size
    return Plot(
        "How early is the alarm?",
        f"Notice before the failure, {unit}",
        "Failures",
        [Tick(_x(n * every / last), f"{n * every / size:g}") for n in range(int(last / every + 1e-9) + 1)],
        [Tick(_y(n * step / most), f"{n * step:g}") for n in range(int(most / step + 1e-9) + 1)],
        bars=bars,
        mark=Tick(_x(leads["needed"] / last), "needed") if leads["needed"] <= last else None,
    )


def cost_plot(split: Mapping[str, Any], threshold: float) -> Plot | None:
    """Cost of all visits and failures over the risk from which to act, as a share of run to failure; None without a
    failure."""
    cost = split["cost"]
    whole = cost["run_to_failure"]
    if not whole:
        return None
    shares = [told / whole for told in cost["costs"]]
    top = max(1.1, min(max(shares), 2.0))
    first, last = _log_odds(cost["thresholds"][0]), _log_odds(cost["thresholds"][-1])

    def x(risk: float) -> float:
        return _x((_log_odds(risk) - first) / (last - first))

    line = "L".join(f"{x(t)},{_y(min(s, top) / top)}" for t, s in zip(cost["thresholds"], shares, strict=True))
    inside = min(max(threshold, cost["thresholds"][0]), cost["thresholds"][-1])
    return Plot(
        "From which risk is it cheapest to act?",
        "Risk from which to act",
        "Cost, share of run to failure",
        [Tick(x(risk), f"{risk:.1%}" if risk < 0.01 else f"{risk:.0%}") for risk in RISK_TICKS],
        [Tick(_y(n * 0.25 / top), f"{n * 25}%") for n in range(int(top / 0.25 + 1e-9) + 1)],
        line=f"M{line}",
        level=Tick(_y(1 / top), "run to failure"),
        mark=Tick(x(inside), "chosen"),
    )


def _log_odds(risk: float) -> float:
    return math.log(risk / (1 - risk))


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float) -> float:
    return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)


def _step(raw: float, *, whole: bool = False) -> float:
    """The next larger of 1, 2, 5, 10, ..."""
    scale = 10.0 ** math.floor(math.log10(raw)) if raw > 0 else 1.0
    step = next(scale * factor for factor in (1, 2, 5, 10) if scale * factor >= raw * (1 - 1e-9))
    return max(step, 1.0) if whole else step
