"""Whether a challenger beats the champion beyond noise: both judged on the same readings that neither learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.device_model import DeviceModel, FailureMode
from models.calibration import Floats
from models.evaluation import LifeTrace, cost_table
from models.failure_model import FailureModel
from models.features import History
from models.lives import HOUR_MS, Integers, Lives, find_lives

FEWEST_FAILURES = 5
"""With fewer, one lucky alarm would decide."""
DRAWS = 2000
UPPER = 0.995
"""Quantile of the bootstrap that has to lie below zero: strict, because there are two measures and a new challenger
every week, and because a bootstrap over few devices is too narrow."""
WORTHWHILE = 0.02
"""Share of the champion's figure that a gain must come to: smaller ones turn on the choice of the threshold, which the
bootstrap does not draw anew."""
GROUPS = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to promote, why in one sentence, and the figures that it rests on."""

    promote: bool
    reason: str
    figures: Mapping[str, Any] = field(default_factory=dict)


def champion_risk(
    champion: FailureModel,
    held_out: pd.DataFrame,
    history: History,
    device_model: DeviceModel,
    *,
    trained_to: pd.Timestamp,
) -> Floats:
    """Per reading what the champion says of it without having learnt from it; NaN where that is not known.

    Up to the end of its training these are its held-out predictions (device, ts, risk), after it the model's own.
    """
    readings = history.readings
    keys = pd.MultiIndex.from_frame(readings[["device", "ts"]])
    known = pd.Series(held_out["risk"].to_numpy(), pd.MultiIndex.from_frame(held_out[["device", "ts"]]))
    risk: Floats = known.reindex(keys).to_numpy(np.float64, copy=True)
    newer = (readings["ts"] > trained_to).to_numpy()
    if newer.any():
        with_news = readings["device"].isin(readings.loc[newer, "device"].unique()).to_numpy()
        features = champion.plan.build(
            replace(history, readings=readings[with_news]),
            device_model,
            device_model.failure_mode(champion.failure_mode),
        )
        risk[newer] = champion.risk(features[newer[with_news]])
    return risk


def compare(
    challenger: Floats,
    champion: Floats,
    fails_within: Floats,
    readings: pd.DataFrame,
    events: pd.DataFrame,
    device_model: DeviceModel,
    mode: FailureMode,
    *,
    seed: int = 0,
) -> Verdict:
    """Compare two held-out risks, one per reading; readings that either cannot tell of (NaN) count for neither.

    The challenger wins when the cost of its alarms is lower beyond the noise of a paired bootstrap over devices (Efron
    and Tibshirani, 1993); or when its cost is about the same and its Brier score is lower beyond noise. Each device is
    charged at the threshold that would have cost least on the others, so that neither is judged by a threshold
    chosen for it.
    """
    lives = find_lives(readings, events, device_model, mode)
    common = ~np.isnan(challenger) & ~np.isnan(champion)
    judged: Integers = np.unique(lives.of_row[common])
    failures = int(lives.failed[judged].sum())
    figures: dict[str, Any] = {"rows": int(common.sum()), "failures": failures}
    if failures < FEWEST_FAILURES:
        return Verdict(False, f"only {failures} failures to compare by; {FEWEST_FAILURES} are needed", figures)
    names = readings["device"].to_numpy()[lives.first_row[judged]]
    costs = [_costs(lives, judged, common, risk, mode) for risk in (challenger, champion)]
    new_cost, old_cost = (_charged(cost, names) for cost in costs)
    told = common & ~np.isnan(fails_within)
    new_miss, old_miss = ((risk[told] - fails_within[told]) ** 2 for risk in (challenger, champion))
    figures |= {
        "devices": len(np.unique(names)),
        "cost_minor": round(float(new_cost.sum())),
        "champion_cost_minor": round(float(old_cost.sum())),
        "brier": float(new_miss.mean()),
        "champion_brier": float(old_miss.mean()),
    }
    cost = _gain(names, new_cost, old_cost, seed)
    brier = _gain(readings["device"].to_numpy()[told], new_miss, old_miss, seed)
    figures |= {"cost_change": cost[0], "cost_change_at_most": cost[1]}
    figures |= {"brier_change": brier[0], "brier_change_at_most": brier[1]}
    return _decide(figures)


def _decide(figures: Mapping[str, Any]) -> Verdict:
    cost, cost_bound = figures["cost_change"], figures["cost_change_at_most"]
    brier, brier_bound = figures["brier_change"], figures["brier_change_at_most"]
    said = (
        f"alarms cost {cost:+.1%} (at most {cost_bound:+.1%}), Brier score {brier:+.1%} (at most {brier_bound:+.1%}) "
        f"over {figures['devices']} devices and {figures['failures']} failures"
    )
    if cost <= -WORTHWHILE and cost_bound < 0:
        return Verdict(True, f"cheaper than the champion beyond noise: {said}", figures)
    if cost < WORTHWHILE and brier <= -WORTHWHILE and brier_bound < 0:
        return Verdict(True, f"truer than the champion beyond noise, and no dearer: {said}", figures)
    return Verdict(False, f"not better than the champion beyond noise: {said}", figures)


def _costs(lives: Lives, judged: Integers, common: NDArray[np.bool_], risk: Floats, mode: FailureMode) -> Floats:
    """Thresholds by lives: what each life would have cost."""
    bounds = np.append(lives.first_row, len(risk))
    left = lives.left_ms / HOUR_MS
    traces = []
    for life in judged:
        rows = np.arange(bounds[life], bounds[life + 1])
        rows = rows[common[rows]]
        traces.append(LifeTrace(risk[rows], left[rows], bool(lives.failed[life])))
    return cost_table(traces, mode)


def _charged(costs: Floats, names: NDArray[Any]) -> Floats:
    """Per life its cost at the threshold that is cheapest over the devices of the other groups."""
    group = np.array([sha256(str(name).encode()).digest()[0] % GROUPS for name in names])
    charged = np.empty(len(names))
    for number in np.unique(group):
        mine = group == number
        others = costs[:, ~mine].sum(axis=1) if not mine.all() else costs.sum(axis=1)
        charged[mine] = costs[int(others.argmin()), mine]
    return charged


def _gain(names: NDArray[Any], challenger: Floats, champion: Floats, seed: int) -> tuple[float, float]:
    """The change from champion to challenger as a share of the champion's sum, and the `UPPER` quantile of that change
    when devices are drawn anew."""
    codes, devices = pd.factorize(names)
    changes = np.bincount(codes, weights=challenger - champion, minlength=len(devices))
    whole = max(float(champion.sum()), 1e-9)
    random, count = np.random.default_rng(seed), len(devices)
    drawn = [float(changes[random.integers(0, count, count)].sum()) for _ in range(DRAWS)]
    return float(changes.sum()) / whole, float(np.quantile(drawn, UPPER)) / whole
