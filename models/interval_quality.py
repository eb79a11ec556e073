"""How good a remaining useful life and its interval are on readings that their model had not learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import Floats
from models.confidence import Figure, bootstrap, ratio, sum_by_device
from models.lives import Integers

LEVELS = 5
NAMES = (
    "rul_rmse_hours",
    "rul_rmse_capped_hours",
    "rul_coverage",
    "rul_coverage_below_cap",
    "rul_width_hours",
    "rul_width_to_constant",
)


@dataclass(frozen=True, slots=True)
class LifeAnswers:
    """What was told of the remaining useful life of some readings, and the truth; in hours, one entry per reading.

    weights: for how many readings each one stands.
    """

    truth: Floats
    rul: Floats
    low: Floats
    high: Floats
    devices: Integers
    weights: Floats

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Whether the truth lies within the interval."""
        inside: NDArray[np.bool_] = (self.low <= self.truth) & (self.truth <= self.high)
        return inside

    def mean(self, values: NDArray[Any], rows: NDArray[np.bool_] | Integers | None = None) -> Figure:
        """The mean of the values over some of the rows, or over all."""
        chosen = np.arange(len(self.truth)) if rows is None else rows
        weights = self.weights[chosen]
        if not weights.any():
            return Figure(None)
        weighted = values[chosen] * weights
        sums = sum_by_device(self.devices[chosen], weighted, weights)
        return Figure.within(float(weighted.sum() / weights.sum()), bootstrap(sums, ratio))


def life_figures(answers: LifeAnswers, cap: float) -> dict[str, Figure]:
    """Errors and intervals in hours, the truth capped at `cap`; `rul_rmse_hours`, `rul_coverage_below_cap` and
    `rul_width_hours` are of readings with less left than the cap. `rul_width_to_constant`: mean width over that of an
    interval that is equally wide everywhere and covers as much."""
    if not len(answers.truth):
        return {name: Figure(None) for name in NAMES}
    near, width = answers.truth < cap, answers.high - answers.low
    square, weights, coverage = (answers.rul - answers.truth) ** 2, answers.weights, answers.mean(answers.covered)
    constant = constant_interval(answers.truth, answers.rul, coverage.value or 0.0, cap, weights)
    return {
        "rul_rmse_hours": _root(answers.mean(square, near)),
        "rul_rmse_capped_hours": _root(answers.mean(square)),
        "rul_coverage": coverage,
        "rul_coverage_below_cap": answers.mean(answers.covered, near),
        "rul_width_hours": answers.mean(width, near),
        "rul_width_to_constant": Figure.within(
            float((width @ weights) / max(float(constant @ weights), 1e-9)),
            bootstrap(sum_by_device(answers.devices, width * weights, constant * weights), ratio),
        ),
    }


def constant_interval(truth: Floats, rul: Floats, coverage: float, cap: float, weights: Floats | None = None) -> Floats:
    """Widths of rul plus and minus one number, kept within 0 and the cap, that covers the share on these very rows."""
    half = float(np.quantile(np.abs(rul - truth), coverage, method="inverted_cdf", weights=weights))
    widths: Floats = np.minimum(rul + half, cap) - np.maximum(rul - half, 0)
    return widths


def coverage_by_level(answers: LifeAnswers) -> list[dict[str, Any]]:
    """Coverage and mean width of readings with like predictions, from near the failure to far from it."""
    order = np.argsort(answers.rul, kind="stable")
    levels = [rows for rows in np.array_split(order, LEVELS) if len(rows)]
    return [
        {
            "from": float(f"{answers.rul[rows].min():.4g}"),
            "to": float(f"{answers.rul[rows].max():.4g}"),
            "coverage": answers.mean(answers.covered, rows).as_list(),
            "width": float(f"{(answers.high - answers.low)[rows].mean():.4g}"),
            "rows": len(rows),
            "devices": len(np.unique(answers.devices[rows])),
        }
        for rows in levels
    ]


def _root(square: Figure) -> Figure:
    roots = (None if end is None else float(np.sqrt(end)) for end in (square.value, square.low, square.high))
    return Figure(*roots)
