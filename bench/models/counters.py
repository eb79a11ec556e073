"""Daily counters of a real fleet: trained on what was known before April, read on April and May."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from bench.figures import Figure
from bench.models.data import PublicData, device_failure, until
from bench.models.figures import PLAIN, beside, took
from bench.models.plain import plain_risk
from bench.models.planner import planner_figures
from models.labels import build_labels
from models.training import train

CUT = pd.Timestamp("2015-04-01", tz="UTC")
SEEDS = 5
"""With 47 failures to learn from, a figure of one seed is a throw of dice; the mean is told."""
ERRORS = ["attribute2", "attribute4", "attribute7"]
"""Of errors: few sound devices have any."""
REPORTED_LATER = {"reported on later months": 0.09}
"""The upper end of .06 to .09."""


def measure(data: PublicData) -> list[Figure]:
    """Average precision of failing within seven days, over the device-days of which that is known."""
    device_model, history = device_failure(data)
    [mode] = device_model.failure_modes
    past = until(history, CUT)
    truth = build_labels(history.readings, history.events, device_model, mode)["fails_within"].to_numpy()
    asked = (history.readings["ts"] >= CUT).to_numpy() & ~np.isnan(truth)
    started = time.perf_counter()
    seeds = 1 if data.short else SEEDS
    outcomes = [train(past, device_model, mode, seed=seed) for seed in range(seeds)]
    features = [outcome.model.plan.build(history, device_model, mode)[asked] for outcome in outcomes]
    ours = [
        average_precision_score(truth[asked], outcome.model.risk(asked_of))
        for outcome, asked_of in zip(outcomes, features, strict=True)
    ]
    across, covered = (
        float(np.mean([outcome.model.metrics[name] for outcome in outcomes]))
        for name in ("average_precision", "rul_coverage")
    )
    seconds = (time.perf_counter() - started) / seeds
    known_then = build_labels(past.readings, past.events, device_model, mode)["fails_within"].to_numpy()
    theirs = [
        average_precision_score(truth[asked], plain_risk(past.readings, known_then, history.readings[asked], seed))
        for seed in range(seeds)
    ]
    plain = float(np.mean(theirs))
    value, name = float(np.mean(ours)), "device_failure average precision"
    rare = float(np.nanmean(known_then))
    shown = float((history.readings.loc[asked & (truth == 1), ERRORS] > 0).any(axis=1).mean())
    return [
        *beside(
            f"{name}, April and May, mean of {seeds} seeds",
            value, {PLAIN: plain, **REPORTED_LATER, "failing device-days with any error count": shown},
            "", "at least twice plain", met=value >= 2 * plain,
        ),
        *beside(f"{name}, least of {seeds} seeds", float(min(ours)), {PLAIN: float(min(theirs))}),
        *beside(f"{name}, across training devices", across, {"share that fails": rare}),
        *beside("device_failure 90 % interval: share of training readings inside", covered, {"stated": 0.9}),
        *planner_figures("device_failure across training devices", outcomes[0]),
        *took("device_failure features and training", seconds, 60.0),
    ]  # fmt: skip
