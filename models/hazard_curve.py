"""The risk curve that a model version tells: hazards for several leads, learnt from what it told of devices that it had
not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit  # type: ignore[import-untyped]

from domain.device_model import DeviceModel, FailureMode
from domain.prediction import CURVE_STEPS
from models.calibration import Floats
from models.evaluation import hours
from models.failure_timing import FailureTiming, fit_timing
from models.lives import HOUR_MS, Integers, Lives
from models.near_failure import SEEN

LOOKS = (3, 15)
"""Steps over which the hours left are averaged: one reading's noise must not decide."""
LEADS = (0, 2, 5, 10, 15, 20, 25, 30, 36, 48, 60, 72)
"""Steps ahead for which a hazard is fitted; between them log-odds are interpolated."""
HORIZONS = 2
"""How far a curve reaches."""
LATE = 4
"""By which power of time passed cumulative hazard is added."""
LARGEST = 30.0
"""Of cumulative hazards: beyond it nothing is alive."""
MOST_NEAR, MOST_FAR = 12_000, 4_000
"""Readings to learn from with a failure in reach of the curve, and others."""


class HeldOut(Protocol):
    """What was told of each reading by models that had not seen its device: the raw risk, and the hours left by the
    model of the whole life (`rul`) and by that of its last stretch (`left`)."""

    @property
    def risk(self) -> Floats: ...
    @property
    def rul(self) -> Floats: ...
    @property
    def left(self) -> Floats: ...


@dataclass(frozen=True, slots=True)
class HazardCurve:
    """Hazards of one step length, from the shortest lead."""

    hazards: Sequence[FailureTiming]

    @property
    def step(self) -> float:
        """Hours."""
        return self.hazards[0].step

    def hazard(self, looks: Floats, raw: Floats, leads: Floats) -> Floats:
        """Rows by leads (hours): probability of failing in the step after the lead, given that the device runs until
        then. looks: hours left by `average_left`; raw: the risk, not calibrated."""
        told: Floats = expit(self._odds(looks, raw, leads))
        return told

    def failed_by(self, looks: Floats, raw: Floats, risk: Floats, *, horizon: float, notice: float) -> Floats:
        """Rows by steps of the horizon's 1 / `CURVE_STEPS`: probability of having failed by the end of each, which
        never falls.

        At the horizon it is the `risk`. Where the hazards come to more by then, they end when it is reached; where they
        come to less, the rest is added late, and after the `notice` (hours): what is decided today is whether to act
        at the notice's end, by thousandths of which a classifier of the whole horizon knows nothing.
        """
        ends = np.arange(np.ceil(HORIZONS * horizon / self.step) + 1) * self.step
        cumulative = np.zeros((len(raw), len(ends)))
        of_steps = np.logaddexp(0, self._odds(looks, raw, ends[:-1]))  # of a hazard that rounds to 1, finite too
        np.cumsum(of_steps, axis=1, out=cumulative[:, 1:])
        place = np.arange(1, HORIZONS * CURVE_STEPS + 1) * horizon / CURVE_STEPS / self.step
        before = np.minimum(place.astype(int), len(ends) - 2)
        told = cumulative[:, before] + (place - before) * (cumulative[:, before + 1] - cumulative[:, before])
        wanted = -np.log1p(-np.minimum(risk, 1 - np.exp(-LARGEST)))[:, None]
        by_horizon = told[:, CURVE_STEPS - 1 : CURVE_STEPS]
        begin = min(notice / horizon, 1 - 1 / CURVE_STEPS)
        passed = np.arange(1, HORIZONS * CURVE_STEPS + 1) / CURVE_STEPS
        share = np.clip((passed - begin) / (1 - begin), 0, 1) ** LATE
        raised = told + np.maximum(wanted - by_horizon, 0) * share
        within = np.minimum(raised[:, :CURVE_STEPS], wanted)
        beyond = wanted + told[:, CURVE_STEPS:] - by_horizon
        failed: Floats = -np.expm1(-np.minimum(np.hstack([within, beyond]), LARGEST))
        return failed

    def _odds(self, looks: Floats, raw: Floats, leads: Floats) -> Floats:
        odds = np.column_stack([timing.odds(looks, raw) for timing in self.hazards])
        known = np.array([timing.lead for timing in self.hazards])
        shares = np.column_stack([np.interp(leads, known, one) for one in np.eye(len(known))])
        told: Floats = odds @ shares.T
        return told


def curve_step(device_model: DeviceModel, mode: FailureMode) -> timedelta:
    """The time for which a hazard is told: a part of the horizon, at least the time between readings."""
    return max(device_model.reading_interval, mode.horizon / CURVE_STEPS)


def learn_curve(
    lives: Lives,
    told: HeldOut,
    device_model: DeviceModel,
    mode: FailureMode,
    *,
    rows: NDArray[np.bool_] | None = None,
    only_at: Floats | None = None,
) -> HazardCurve:
    """Learn from held-out predictions of the readings of these lives, or of some rows of them; thinned to `MOST_NEAR`
    and `MOST_FAR`. only_at: leads (hours) at which alone hazards will be asked for."""
    step, truth = curve_step(device_model, mode), lives.left_ms / HOUR_MS
    near = truth <= hours(HORIZONS * mode.horizon + step)
    asked = np.ones(len(truth), dtype=bool) if rows is None else rows
    some, counts = zip(_thin(asked & near, MOST_NEAR), _thin(asked & ~near, MOST_FAR), strict=True)
    kept = np.concatenate(some)
    looks, failed = average_left(lives, told, mode, hours(step))[kept], lives.failed[lives.of_row][kept]
    leads = np.array([hours(lead * step) for lead in LEADS if lead * step < HORIZONS * mode.horizon])
    hazards = [
        fit_timing(
            looks, told.risk[kept], truth[kept], failed, step=hours(step), lead=lead, weights=np.concatenate(counts)
        )
        for lead in (leads if only_at is None else _around(leads, only_at)).tolist()
    ]
    return HazardCurve(hazards)


def _around(leads: Floats, asked: Floats) -> Floats:
    """Those of the ascending leads between which the asked ones lie, or which they are."""
    first = np.maximum(np.searchsorted(leads, asked, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(leads, asked), len(leads) - 1)
    around: Floats = leads[np.unique(np.concatenate([first, last]))]
    return around


def average_left(lives: Lives, told: HeldOut, mode: FailureMode, step: float) -> Floats:
    """Per reading and each of `LOOKS` the mean of the hours left as told in the life's last steps of so many hours, the
    reading itself included; where no failure is near, what is told at the reading alone."""
    return average_steps(lives.of_row, lives.age_ms / HOUR_MS, told.left, told.rul < SEEN * hours(mode.rul_cap), step)


def average_steps(of_row: Integers, age: Floats, left: Floats, near: NDArray[np.bool_], step: float) -> Floats:
    """`average_left` of rows that are ordered by life and age (hours)."""
    sums = np.concatenate([[0.0], np.cumsum(left)])
    last = np.arange(len(left)) + 1
    looks = []
    for length in (look * step for look in LOOKS):
        place = age + of_row * (age.max(initial=0) + 2 * length)
        first = np.searchsorted(place, place - length, side="right")
        looks.append(np.where(near, (sums[last] - sums[first]) / (last - first), left))
    return np.column_stack(looks)


def _thin(rows: NDArray[np.bool_], most: int) -> tuple[Integers, Floats]:
    """At most so many of the rows, and for how many each stands."""
    places = np.flatnonzero(rows)
    kept = np.sort(np.random.default_rng(0).permutation(places)[:most])
    return kept, np.full(len(kept), len(places) / max(len(kept), 1))
