"""How good a risk is on readings that its model had not learnt from: does it rank, and does it mean what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from models.calibration import Floats
from models.confidence import MOST_UNITS, Figure, bootstrap, ratio, sum_by_device, wilson
from models.lives import Integers

EDGES = (0.0, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Bins of the reliability curve; finer where the risk is small, because most readings are there."""
ENOUGH_DEVICES = 10
RANKS = 100


def risk_figures(risk: Floats, failed: Floats, devices: Integers) -> dict[str, Figure]:
    """Area under the ROC curve, average precision, Brier score, and the share that fails; failed is 0 or 1."""
    if not len(risk):
        return {name: Figure(None) for name in ("auc", "average_precision", "brier", "share_failing")}
    ones = np.ones(len(risk))
    missed = sum_by_device(devices, (risk - failed) ** 2, ones)
    failing = sum_by_device(devices, failed, ones)
    return {
        **_ranking(risk, failed, devices),
        "brier": Figure.within(float(((risk - failed) ** 2).mean()), bootstrap(missed, ratio)),
        "share_failing": Figure.within(float(failed.mean()), bootstrap(failing, ratio)),
    }


def reliability_curve(risk: Floats, failed: Floats, devices: Integers) -> list[dict[str, Any]]:
    """Per bin of risk that holds readings: `risk` told on the mean, share that `failed`, its interval (low, high),
    and how many rows and devices tell of it. Rows of one device tell nearly the same, so the interval is by device."""
    place = np.clip(np.searchsorted(EDGES, risk, side="right") - 1, 0, len(EDGES) - 2)
    curve = []
    for number in np.unique(place):
        here = place == number
        told, became, of = risk[here], failed[here], devices[here]
        count, share = len(np.unique(of)), float(became.mean())
        interval = wilson(share * count, count)
        if count >= ENOUGH_DEVICES and 0 < share < 1:
            interval = bootstrap(sum_by_device(of, became, np.ones(len(became))), ratio)
        figure = Figure.within(share, interval)
        curve.append(
            {
                "from": EDGES[number],
                "to": EDGES[number + 1],
                "risk": float(f"{told.mean():.4g}"),
                **dict(zip(("failed", "low", "high"), figure.as_list(), strict=True)),
                "rows": len(told),
                "devices": count,
            }
        )
    return curve


def calibration_error(risk: Floats, failed: Floats) -> float:
    """Expected calibration error: how far risk and share lie apart, the mean over the bins by readings (Naeini et al.,
    2015)."""
    place = np.clip(np.searchsorted(EDGES, risk, side="right") - 1, 0, len(EDGES) - 2)
    return float(np.abs(np.bincount(place, weights=risk - failed)).sum() / len(risk))


def _ranking(risk: Floats, failed: Floats, devices: Integers) -> dict[str, Figure]:
    """Intervals come from counts within ranks of the risk, shifted to the exact figure."""
    positive = failed == 1
    if positive.all() or not positive.any():
        return {"auc": Figure(None), "average_precision": Figure(None)}
    ranks = np.linspace(0, 1, RANKS)
    edges = np.unique(np.concatenate([np.quantile(risk, ranks), np.quantile(risk[positive], ranks)]))
    place = np.searchsorted(edges, risk)
    count = int(place.max()) + 1
    units = devices % MOST_UNITS
    cells = units * (2 * count) + positive * count + place
    shape = (int(units.max()) + 1, 2 * count)
    counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    figures = {}
    for name, exact, statistic in (
        ("auc", roc_auc_score(failed, risk), _auc),
        ("average_precision", average_precision_score(failed, risk), _average_precision),
    ):
        interval = bootstrap(counts[counts.any(axis=1)], statistic)
        shift = float(exact) - float(statistic(counts.sum(axis=0)[None])[0])
        shifted = interval and (max(interval[0] + shift, 0.0), min(interval[1] + shift, 1.0))
        figures[name] = Figure.within(float(exact), shifted)
    return figures


def _auc(counts: Floats) -> Floats:
    sound, failing = np.split(counts, 2, axis=1)
    below = np.cumsum(sound, axis=1) - sound / 2
    return np.asarray((failing * below).sum(axis=1) / (failing.sum(axis=1) * sound.sum(axis=1)))


def _average_precision(counts: Floats) -> Floats:
    sound, failing = np.split(counts[:, ::-1], 2, axis=1)[::-1]
    caught = np.cumsum(failing, axis=1)
    precision = np.divide(caught, caught + np.cumsum(sound, axis=1), out=np.zeros_like(caught), where=caught > 0)
    return np.asarray((failing * precision).sum(axis=1) / failing.sum(axis=1))
