"""C-MAPSS: remaining useful life of the test units as of their last cycle, and cross-validated over training units."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.figures import Figure
from bench.models.data import PublicData, Turbofans, turbofans
from bench.models.figures import HALF_WIDTH, PLAIN, PUBLISHED, REPORTED, at_most, beside, took
from bench.models.plain import plain_rul, plain_rul_of_folds
from bench.models.planner import planner_figures
from models.evaluation import hours
from models.fitting import usable_processors
from models.interval_quality import constant_interval
from models.prepared import Kin
from models.scoring import score
from models.training import train

Floats = NDArray[np.float64]

KINDRED = {"FD001": "FD003", "FD003": "FD001"}
REPORTED_FIGURES = {"FD001": (11.67, 187.0), "FD003": (10.89, 219.0)}
"""RMSE and NASA score of gradient boosting with hand-made features, truth capped."""
BEST = {"FD001": (10.68, 175.0), "FD003": (10.52, 188.0)}
"""Best published RMSE (DKAMFormer) and NASA score (MTSTAN), truth capped."""
GOALS = {"FD001": (9.3, 130.0, 8.4), "FD003": (8.6, 130.0, 7.9)}
"""RMSE and NASA score of the test units, RMSE cross-validated over training units; truth capped."""
COVERAGE = 0.9
DRAWS = 2000


def measure(data: PublicData, subset: str) -> list[Figure]:
    """Train on the training units of both subsets, and read the test units of one."""
    fleet, family = turbofans(data, subset), turbofans(data, KINDRED[subset])
    [mode] = fleet.device_model.failure_modes
    kindred = family.device_model.kindred_mode(mode)
    assert kindred
    started = time.perf_counter()
    kin = [Kin(family.training, family.device_model, kindred)]
    outcome = train(fleet.training, fleet.device_model, mode, kin=kin, processes=usable_processors())
    seconds = time.perf_counter() - started
    cap = hours(mode.rul_cap)
    told = pd.DataFrame(
        [
            (p.device, *(hours(end) for end in (p.rul, p.rul_low, p.rul_high)))
            for p in score(outcome.model, fleet.test, fleet.device_model)
        ],
        columns=["device", "rul", "low", "high"],
    ).set_index("device")
    truth = fleet.truth.reindex(told.index).clip(upper=cap).to_numpy()
    held = outcome.held_out.dropna(subset="rul")
    across = held["rul_predicted"].to_numpy() - held["rul"].clip(upper=cap).to_numpy()
    plain, plain_across = _plain_errors(fleet, cap)
    capped = f"truth capped at {cap:g}"
    return [
        *_point(subset, capped, told["rul"].to_numpy() - truth, plain),
        *at_most(
            f"{subset} RMSE across training units, {capped}",
            rmse(across), {PLAIN: rmse(plain_across)}, GOALS[subset][2], "cycles",
        ),
        *_interval(f"{subset} 90 % interval", capped, told, truth, cap),
        *planner_figures(f"{subset} across training units, a cycle as an hour", outcome),
        *took(f"{subset} features and training, family included", seconds, 30.0),
    ]  # fmt: skip


def nasa_score(error: Floats) -> float:
    """Sum over the units, late predictions weighing more; error = predicted - true (Saxena et al., PHM 2008)."""
    return float(np.where(error < 0, np.exp(-error / 13) - 1, np.exp(error / 10) - 1).sum())


def rmse(error: Floats) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(error**2)))


def rmse_half_widths(error: Floats, other: Floats) -> tuple[float, float]:
    """Half the width of 95 % intervals of the error's RMSE, and of its difference to the other's on the same units, by
    drawing units."""
    units = np.random.default_rng(0).integers(len(error), size=(DRAWS, len(error)))
    ours, theirs = (np.sqrt((squares[units]).mean(axis=1)) for squares in (error**2, other**2))
    return _half_width(ours), _half_width(ours - theirs)


def _half_width(draws: Floats) -> float:
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(high - low) / 2


def _point(subset: str, capped: str, error: Floats, plain: Floats) -> list[Figure]:
    (rmse_goal, nasa_goal, _), of_rmse, of_difference = GOALS[subset], *rmse_half_widths(error, plain)
    (reported, reported_nasa), (best, best_nasa) = REPORTED_FIGURES[subset], BEST[subset]
    name, ours = f"{subset} RMSE, {capped}", rmse(error)
    return [
        *at_most(
            name,
            ours, {PUBLISHED: best, REPORTED: reported, PLAIN: rmse(plain), HALF_WIDTH: of_rmse}, rmse_goal, "cycles",
        ),
        *beside(f"{name}: difference to plain", ours - rmse(plain), {HALF_WIDTH: of_difference}, "cycles"),
        *at_most(
            f"{subset} NASA score, {capped}", nasa_score(error),
            {PUBLISHED: best_nasa, REPORTED: reported_nasa, PLAIN: nasa_score(plain)}, nasa_goal,
        ),
    ]  # fmt: skip


def _plain_errors(fleet: Turbofans, cap: float) -> tuple[Floats, Floats]:
    """Of the test units' last cycles, and of all training cycles out of five folds over units."""
    readings = fleet.training.readings
    ends = readings["device"].map(fleet.training.events.set_index("device")["ts"])
    left = ((ends - readings["ts"]) / pd.Timedelta(hours=1)).clip(upper=cap).to_numpy()
    last = fleet.test.readings.groupby("device").tail(1)
    truth = fleet.truth.reindex(last["device"]).clip(upper=cap).to_numpy()
    return (
        plain_rul(readings, left, last).clip(0, cap) - truth,
        plain_rul_of_folds(readings, left, 5).clip(0, cap) - left,
    )


def _interval(name: str, capped: str, told: pd.DataFrame, truth: Floats, cap: float) -> list[Figure]:
    covered = float(((told["low"] <= truth) & (truth <= told["high"])).mean())
    constant = constant_interval(truth, told["rul"].to_numpy(), covered, cap)
    width, limit = float((told["high"] - told["low"]).mean()), float(constant.mean())
    met = 0.88 <= covered <= 0.92
    return [
        *beside(
            f"{name}: share of test units inside, {capped}", covered, {"stated": COVERAGE}, "", ".88 to .92", met=met
        ),
        *beside(
            f"{name}: mean width on test units",
            width, {"constant width that covers as many": limit}, "cycles", "narrower", met=width < limit,
        ),
    ]  # fmt: skip
