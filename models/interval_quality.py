"""How good a remaining useful life and its interval are on readings that their model had not learnt from."""

from __future__ import annotations

from typing import Any

import numpy as np

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


def life_figures(
    truth: Floats, rul: Floats, low: Floats, high: Floats, devices: Integers, cap: float
) -> dict[str, Figure]:
    """Errors and intervals in hours, `truth` capped at `cap`; `rul_rmse_hours`, `rul_coverage_below_cap` and
    `rul_width_hours` are of readings with less left than the cap. `rul_width_to_constant`: mean width over that of an
    interval that is equally wide everywhere and covers as much."""
    if not len(truth):
        return {name: Figure(None) for name in NAMES}
    near, covered = truth < cap, (low <= truth) & (truth <= high)
    constant = constant_interval(truth, rul, float(covered.mean()), cap)
    return {
        "rul_rmse_hours": _root_mean_square(rul - truth, near, devices),
        "rul_rmse_capped_hours": _root_mean_square(rul - truth, np.ones(len(truth), dtype=bool), devices),
        "rul_coverage": _mean(covered, devices),
        "rul_coverage_below_cap": _mean(covered[near], devices[near]),
        "rul_width_hours": _mean((high - low)[near], devices[near]),
        "rul_width_to_constant": Figure.within(
            float((high - low).sum() / max(float(constant.sum()), 1e-9)),
            bootstrap(sum_by_device(devices, high - low, constant), ratio),
        ),
    }


def constant_interval(truth: Floats, rul: Floats, coverage: float, cap: float) -> Floats:
    """Widths of rul plus and minus one number, kept within 0 and the cap, that covers the share on these very rows."""
    half = float(np.quantile(np.abs(rul - truth), coverage, method="higher"))
    widths: Floats = np.minimum(rul + half, cap) - np.maximum(rul - half, 0)
    return widths


def coverage_by_level(truth: Floats, rul: Floats, low: Floats, high: Floats, devices: Integers) -> list[dict[str, Any]]:
    """Coverage and mean width of readings with like predictions, from near the failure to far from it."""
    order = np.argsort(rul, kind="stable")
    levels = [rows for rows in np.array_split(order, LEVELS) if len(rows)]
    return [
        {
            "from": float(f"{rul[rows].min():.4g}"),
            "to": float(f"{rul[rows].max():.4g}"),
            "coverage": _mean(((low <= truth) & (truth <= high))[rows], devices[rows]).as_list(),
            "width": float(f"{(high - low)[rows].mean():.4g}"),
            "rows": len(rows),
            "devices": len(np.unique(devices[rows])),
        }
        for rows in levels
    ]


def _mean(values: Floats | np.ndarray[Any, np.dtype[np.bool_]], devices: Integers) -> Figure:
    if not len(values):
        return Figure(None)
    sums = sum_by_device(devices, values.astype(np.float64), np.ones(len(values)))
    return Figure.within(float(values.mean()), bootstrap(sums, ratio))


def _root_mean_square(error: Floats, rows: np.ndarray[Any, np.dtype[np.bool_]], devices: Integers) -> Figure:
    square = _mean(error[rows] ** 2, devices[rows])
    roots = (None if end is None else float(np.sqrt(end)) for end in (square.value, square.low, square.high))
    return Figure(*roots)
