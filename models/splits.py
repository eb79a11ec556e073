"""Predictions that can be judged: of devices that the models had not seen, and of a time after all they had seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.device_model import FailureMode
from models.calibration import Floats, LifeInterval, RiskCalibration, calibrate_risk, fit_interval
from models.censoring import weigh_known
from models.evaluation import LifeTrace, cheapest_threshold, cost_table, hours, trace_lives
from models.labels import capped_life, label_lives
from models.lives import HOUR_MS, Integers, Lives
from models.out_of_fold import Examples, deal_folds, predict_out_of_fold

FEWEST_FAILURES = 5
"""In the past, to learn from."""
FOLDS_OF_PAST = 2
"""Each device's later part is judged by a model of the other half: what it learnt from tells nothing of the device."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was told of readings by models that had not learnt from them, and what became of them.

    rows: which readings these are; the arrays have an entry for each. risk: calibrated; raw: as the classifier told
    it. truth: remaining useful life in hours, capped, NaN where not known; weights: for how many readings it stands;
    rul, low, high: as told. traces: the lives; thresholds: the risk from which each of them was acted on; costs: of
    each life at each of `THRESHOLDS`.
    """

    rows: NDArray[np.bool_]
    devices: Integers
    fails_within: Floats
    truth: Floats
    weights: Floats
    raw: Floats
    risk: Floats
    rul: Floats
    low: Floats
    high: Floats
    traces: Sequence[LifeTrace]
    devices_of_lives: Integers
    thresholds: Floats
    costs: Floats


def across_devices(
    examples: Examples, fold: Integers, raw: Floats, rul: Floats, lives: Lives, mode: FailureMode
) -> Judged:
    """All readings, told by the other folds' devices alone: the estimators' answers (`raw`, `rul`), and here also
    calibration, interval and threshold."""
    risk, told, low, high = np.empty((4, len(raw)))
    for number in np.unique(fold):
        mine = fold == number
        calibration, interval = calibrate(examples, raw, rul, ~mine)
        risk[mine] = calibration.apply(raw[mine])
        told[mine] = interval.tell(rul[mine])
        low[mine], high[mine] = interval.apply(rul[mine])
    traces = trace_lives(lives, risk)
    costs, fold_of_life = cost_table(traces, mode), fold[lives.first_row]
    thresholds = np.empty(len(traces))
    for number in np.unique(fold_of_life):
        mine = fold_of_life == number
        thresholds[mine] = cheapest_threshold(costs[:, ~mine].sum(axis=1))
    everything = np.ones(len(raw), dtype=bool)
    return Judged(
        everything, examples.devices, examples.fails_within, examples.rul, examples.all_weights, raw, risk, told, low,
        high, traces, lives.device[lives.first_row], thresholds, costs,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cut:
    """The instant that ends the past (epoch milliseconds), and the first one that is judged."""

    past_until: int
    judged_from: int


def choose_cut(lives: Lives, mode: FailureMode, look_back: timedelta) -> Cut | None:
    """Where about two thirds of the failures lie in the past and one third can be judged; None when no instant leaves
    enough of them on both sides.

    The embargo between is the longer of the horizon and the features' look-back, so that no window of a judged reading
    reaches into the past that labels were taken from. A failure counts as judged when there is a reading after that,
    and time for a visit.
    """
    embargo = max(mode.horizon, look_back) // timedelta(milliseconds=1)
    notice = mode.lead_time // timedelta(milliseconds=1)
    ends = np.sort(lives.ended_at[lives.failed])
    cuts = np.unique(ends) + 1
    before = np.searchsorted(ends, cuts)
    last_reading = lives.ts[np.append(lives.first_row[1:], len(lives.ts)) - 1]
    in_reach = np.sort(np.minimum(last_reading, lives.ended_at - notice)[lives.failed])
    after = len(ends) - np.searchsorted(in_reach, cuts + embargo)
    possible = (before >= FEWEST_FAILURES) & (after >= 1)
    if not possible.any():
        return None
    best = int(cuts[np.where(possible, np.minimum(before / 2, after), -1).argmax()])
    return Cut(best, best + embargo)


def as_of(lives: Lives, instant: int) -> Lives:
    """The lives as they were known then: those that still went on are censored at their last reading before.

    Of readings that came later it tells nothing.
    """
    seen = np.bincount(lives.of_row[lives.ts < instant], minlength=len(lives.first_row))
    last_seen = lives.ts[lives.first_row + np.maximum(seen - 1, 0)]
    ended = lives.ended_at < instant
    return replace(lives, ended_at=np.where(ended, lives.ended_at, last_seen), failed=lives.failed & ended)


def onwards_in_time(
    examples: Examples, lives: Lives, mode: FailureMode, cut: Cut, seed: int, *, processes: int = 1
) -> Judged | None:
    """The readings from `cut.judged_from` on, told by what was known at `cut.past_until`: estimators, calibration,
    interval and threshold; None when the past has too few devices that fail or outlive the horizon.

    Kin are not learnt from: what became of them by then is not looked up.
    """
    then, past = as_of(lives, cut.past_until), lives.ts < cut.past_until
    labels = label_lives(then, mode, pd.RangeIndex(len(past)))
    weights = np.where(past, weigh_known(then, examples.cap), 0)
    known = replace(
        examples,
        fails_within=np.where(past, labels["fails_within"], np.nan),
        rul=np.where(weights > 0, capped_life(labels, examples.cap), np.nan),
        weights=weights,
    )
    if len(np.unique(known.devices[known.fails_within == 1])) < FOLDS_OF_PAST:
        return None
    fold = deal_folds(known, seed, FOLDS_OF_PAST)
    if not all(_can_learn(known, fold != number) for number in np.unique(fold)):
        return None
    held_out = predict_out_of_fold(known, fold, seed, near=False, processes=processes)
    raw, rul = held_out.risk, held_out.rul
    calibration, interval = calibrate(known, raw, rul, past)
    risk = calibration.apply(raw)
    low, high = interval.apply(rul)
    threshold = cheapest_threshold(cost_table(_traces(then, risk, past), mode).sum(axis=1))
    rows = lives.ts >= cut.judged_from
    judged_lives = _judged_lives(lives, rows, mode)
    traces = _traces(lives, risk, rows, judged_lives)
    return Judged(
        rows, examples.devices[rows], examples.fails_within[rows], examples.rul[rows], examples.all_weights[rows],
        raw[rows], risk[rows], interval.tell(rul[rows]), low[rows], high[rows],
        traces, lives.device[lives.first_row][judged_lives], np.full(len(traces), threshold), cost_table(traces, mode),
    )  # fmt: skip


def _judged_lives(lives: Lives, rows: NDArray[np.bool_], mode: FailureMode) -> Integers:
    """Those with such readings, but for lives that had begun before and fail before anyone could have come."""
    first = np.full(len(lives.first_row), -1)
    numbers = np.flatnonzero(rows)
    first[lives.of_row[numbers[::-1]]] = numbers[::-1]
    watched = (lives.ended_at - lives.ts[first]) / HOUR_MS
    cut_short = lives.failed & (first != lives.first_row) & (watched < hours(mode.lead_time))
    judged: Integers = np.flatnonzero((first >= 0) & ~cut_short)
    return judged


def _traces(lives: Lives, risk: Floats, rows: NDArray[np.bool_], of: Integers | None = None) -> list[LifeTrace]:
    """The lives with these rows only; of all that have some, or of those numbered."""
    numbers, left = np.flatnonzero(rows), lives.left_ms / HOUR_MS
    of_row = lives.of_row[numbers]
    wanted = np.unique(of_row) if of is None else of
    starts, ends = np.searchsorted(of_row, wanted), np.searchsorted(of_row, wanted, side="right")
    return [
        LifeTrace(risk[numbers[start:end]], left[numbers[start:end]], bool(lives.failed[life]))
        for life, start, end in zip(wanted, starts, ends, strict=True)
    ]


def calibrate(
    examples: Examples, raw: Floats, rul: Floats, rows: NDArray[np.bool_]
) -> tuple[RiskCalibration, LifeInterval]:
    """Calibration and interval from held-out predictions of these rows. Rows of one class only leave nothing to
    calibrate by; then all rows are used."""
    known = rows & ~np.isnan(examples.fails_within)
    if len(np.unique(examples.fails_within[known])) < 2:
        known = ~np.isnan(examples.fails_within)
    told = rows & ~np.isnan(examples.rul)
    return (
        calibrate_risk(raw[known], examples.fails_within[known]),
        fit_interval(rul[told], examples.rul[told], examples.cap, examples.life_weights[told]),
    )


def _can_learn(examples: Examples, rows: NDArray[np.bool_]) -> bool:
    classes = examples.fails_within[rows]
    return bool((classes == 1).any() and (classes == 0).any() and (~np.isnan(examples.rul[rows])).any())
