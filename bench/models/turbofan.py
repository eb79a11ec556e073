"""C-MAPSS: remaining useful life of the test units as of their last cycle, and cross-validated over training units."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.figures import Figure, figure
from bench.models.data import Turbofans, turbofans
from bench.models.plain import plain_rul
from models.evaluation import hours
from models.scoring import score
from models.training import TrainingOutcome, train

PUBLISHED = {"FD001": (10.68, 175.0), "FD003": (10.52, 188.0)}
"""Best published RMSE (DKAMFormer) and NASA score (MTSTAN), truth capped."""
GOALS = {"FD001": (9.3, 130.0, 8.4), "FD003": (8.6, 130.0, 7.9)}
"""RMSE and NASA score of the test units, RMSE cross-validated over training units; truth capped."""
COVERAGE = 0.9


def measure(folder: Path, subset: str) -> list[Figure]:
    """Train on the training units, and read the test units once."""
    fleet = turbofans(folder, subset)
    [mode] = fleet.device_model.failure_modes
    started = time.perf_counter()
    outcome = train(fleet.training, fleet.device_model, mode)
    seconds = time.perf_counter() - started
    predictions = score(outcome.model, fleet.test, fleet.device_model)
    cap = hours(mode.rul_cap)
    told = pd.DataFrame(
        [(p.device, *(hours(end) for end in (p.rul, p.rul_low, p.rul_high))) for p in predictions],
        columns=["device", "rul", "low", "high"],
    ).set_index("device")
    truth = fleet.truth.reindex(told.index).clip(upper=cap)
    return [
        *_errors(subset, told["rul"].to_numpy(), truth.to_numpy(), outcome, cap),
        _plain(subset, fleet, cap),
        *_interval(subset, told, truth, outcome, cap),
        _at_most(f"{subset} features and training", seconds, "s", "half a minute", 30.0, 30.0),
    ]


def nasa_score(error: NDArray[np.float64]) -> float:
    """Sum over the units, late predictions weighing more; error = predicted - true (Saxena et al., PHM 2008)."""
    return float(np.where(error < 0, np.exp(-error / 13) - 1, np.exp(error / 10) - 1).sum())


def _errors(
    subset: str, rul: NDArray[np.float64], truth: NDArray[np.float64], outcome: TrainingOutcome, cap: float
) -> list[Figure]:
    (rmse, nasa), (rmse_goal, nasa_goal, folds_goal) = PUBLISHED[subset], GOALS[subset]
    capped = f"truth capped at {cap:g}"
    held = outcome.held_out.dropna(subset="rul")
    across = _rmse(held["rul_predicted"].to_numpy() - held["rul"].clip(upper=cap).to_numpy())
    return [
        _at_most(f"{subset} RMSE, {capped}", _rmse(rul - truth), "cycles", "best published", rmse, rmse_goal),
        _at_most(f"{subset} NASA score, {capped}", nasa_score(rul - truth), "", "best published", nasa, nasa_goal),
        _at_most(f"{subset} RMSE across training units, {capped}", across, "cycles", "goal", folds_goal, folds_goal),
    ]


def _plain(subset: str, fleet: Turbofans, cap: float) -> Figure:
    ends = fleet.training.events.set_index("device")["ts"]
    left = (fleet.training.readings["device"].map(ends) - fleet.training.readings["ts"]) / pd.Timedelta(hours=1)
    last = fleet.test.readings.groupby("device").tail(1)
    rul = plain_rul(fleet.training.readings, left.clip(upper=cap).to_numpy(), last)
    truth = fleet.truth.reindex(last["device"]).clip(upper=cap).to_numpy()
    value = _rmse(rul.clip(0, cap) - truth)
    name = f"{subset} RMSE of plain gradient boosting on raw channels, truth capped at {cap:g}"
    return figure(name, value, "cycles", "best published", PUBLISHED[subset][0], "-", met=True)


def _interval(subset: str, told: pd.DataFrame, truth: pd.Series, outcome: TrainingOutcome, cap: float) -> list[Figure]:
    covered = float(((told["low"] <= truth) & (truth <= told["high"])).mean())
    held = outcome.held_out.dropna(subset="rul")
    error = (held["rul_predicted"] - held["rul"].clip(upper=cap)).abs()
    half = float(np.quantile(error, COVERAGE))
    constant = (told["rul"] + half).clip(upper=cap) - (told["rul"] - half).clip(lower=0)
    width = float((told["high"] - told["low"]).mean())
    beside = float(constant.mean())
    name = f"{subset} 90 % interval"
    return [
        figure(
            f"{name}: share of test units inside, truth capped at {cap:g}",
            covered, "", "stated", COVERAGE, ".88 to .92", met=0.88 <= covered <= 0.92,
        ),
        figure(f"{name}: mean width", width, "cycles", "constant width", beside, "narrower", met=width < beside),
    ]  # fmt: skip


def _rmse(error: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(error**2)))


def _at_most(name: str, value: float, unit: str, limit_name: str, limit: float, goal: float) -> Figure:
    return figure(name, value, unit, limit_name, limit, f"at most {goal:g}", met=value <= goal)
