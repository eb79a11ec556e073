"""Whether a model still sees what it learnt from, and whether its alarms are as right as promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.device_model import DeviceModel
from models.calibration import Floats
from models.confidence import wilson
from models.features import EVENT, group_of
from models.reference import Reference, Spread, place, shares_of, stability_index

SIGNIFICANT = 0.25
"""Index from which a shift matters in practice (N. Siddiqi, Credit Risk Scorecards, 2006)."""
MARGIN = 2
"""How far beyond the most unusual stretch of training, which is one of few."""
CALM = 0.8
"""Share of the boundary below which a shift is over."""
CHANCE = 0.001
"""Of finding a shift in any input where there is none; strict, because the bound is meant for many devices."""
FEWEST_DEVICES = 5
FEWEST_TICKETS = 5
LEVEL = 0.99
"""Of the interval of the precision: it is looked at every day."""


class DriftKind(StrEnum):
    """What has moved: what the model is shown, or how often it is right."""

    INPUT = "input"
    PRECISION = "precision"


@dataclass(frozen=True, slots=True)
class Finding:
    """One measurement: `measure` against the `boundary` beyond which it has drifted, over a `sample` of devices or
    tickets. subject: the feature, or the failure mode."""

    kind: DriftKind
    subject: str
    measure: float
    boundary: float
    sample: int
    drifted: bool
    message: str

    @property
    def calm(self) -> bool:
        """Far enough within the boundary for an alarm to end: what hovers about it would raise one every other day."""
        return not self.drifted and (self.kind is DriftKind.PRECISION or self.measure <= CALM * self.boundary)


def input_drift(
    reference: Reference, features: pd.DataFrame, devices: NDArray[Any], device_model: DeviceModel
) -> list[Finding]:
    """One finding per channel, attribute or kind of event: of its feature that is furthest beyond its boundary.

    features: what was scored lately, a row each; devices: of each row. Each device counts the same, and devices are the
    sample size, since the rows of one are alike. A feature has drifted when its stability index is beyond chance (the
    chi-square bound of B. Yurdakul, Statistical Properties of Population Stability Index, 2018, with as much variation
    between devices as training showed), and by more than stretches of training itself were off; and at least 0.25.
    Fewer than five devices give nothing.
    """
    unit, names = pd.factorize(devices)
    if len(names) < FEWEST_DEVICES:
        return []
    worst: dict[str, Finding] = {}
    for name, spread in reference.spreads.items():
        bins = place(features[name].to_numpy(np.float64), spread.edges)
        seen = shares_of(bins, unit, len(spread.shares)).mean(axis=0)
        expected = np.array(spread.shares)
        index = stability_index(expected, seen, reference.devices, len(names))
        boundary = max(SIGNIFICANT, MARGIN * spread.usual + _chance(reference, spread, len(names)))
        group = group_of(name)
        if group not in worst or index / boundary > worst[group].measure / worst[group].boundary:
            told = f"{_title(group, device_model)} {_how(expected, seen)} ({name})"
            worst[group] = Finding(
                DriftKind.INPUT, name, index, boundary, len(names), index > boundary, f"{told}: stability index "
                f"{index:.2f}, beyond {boundary:.2f} it has drifted, over {len(names)} devices"
            )  # fmt: skip
    return list(worst.values())


def precision_drift(failure_mode: str, *, right: int, wrong: int, promised: float | None) -> Finding | None:
    """What technicians found against the precision that held-out devices promised; None when that is not known, or
    with fewer than five tickets.

    right: closed as confirmed or worn; wrong: as no fault found. It has drifted when the whole 99 % interval
    (E. B. Wilson, 1927) lies below the promise.
    """
    total = right + wrong
    interval = wilson(right, total, LEVEL)
    if promised is None or interval is None or total < FEWEST_TICKETS:
        return None
    _, high = interval
    return Finding(
        DriftKind.PRECISION,
        failure_mode,
        right / total,
        promised,
        total,
        high < promised,
        f"{right} of {total} visits found what was predicted, at most {high:.0%} of all would; {promised:.0%} promised",
    )


def _chance(reference: Reference, spread: Spread, devices: int) -> float:
    """The index that two draws of one fleet stay below, over all features but in one of a thousand measurements:
    the chi-square quantile of E. B. Wilson and M. M. Hilferty (1931)."""
    bins = max(sum(share > 0 for share in spread.shares), 2)
    part = 2 / (9 * (bins - 1))
    bound = (bins - 1) * (1 - part + NormalDist().inv_cdf(1 - CHANCE / len(reference.spreads)) * part**0.5) ** 3
    return float(bound) * (spread.within / devices + spread.overall / reference.devices)


def _how(expected: Floats, seen: Floats) -> str:
    change = seen - expected
    if abs(change[-1]) > 0.5 * np.abs(change).sum() / 2:
        return "is missing more often than in training" if change[-1] > 0 else "is missing less often than in training"
    rank = np.arange(len(change) - 1)
    moved = (rank * seen[:-1]).sum() / max(seen[:-1].sum(), 1e-9) - (rank * expected[:-1]).sum() / max(
        expected[:-1].sum(), 1e-9
    )
    return f"{'higher' if moved > 0 else 'lower'} than in training"


def _title(group: str, device_model: DeviceModel) -> str:
    if group.startswith(EVENT):
        return group.removeprefix(EVENT).replace(":", " ")
    titles = _titles(device_model)
    return titles.get(group, group)


def _titles(device_model: DeviceModel) -> Mapping[str, str]:
    quantities: Sequence[Any] = [*device_model.channels, *device_model.derived, *device_model.attributes]
    return {quantity.name: quantity.title for quantity in quantities}
