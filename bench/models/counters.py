"""Daily counters of a real fleet: trained on what was known before April, read on April and May."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from bench.figures import Figure, figure
from bench.models.data import device_failure, until
from bench.models.plain import plain_risk
from models.labels import build_labels
from models.training import train

CUT = pd.Timestamp("2015-04-01", tz="UTC")
SEEDS = 5
"""With 47 failures to learn from, a figure of one seed is a throw of dice; the mean is told."""


def measure(folder: Path) -> list[Figure]:
    """Average precision of failing within seven days, over the device-days of which that is known."""
    device_model, history = device_failure(folder)
    [mode] = device_model.failure_modes
    past = until(history, CUT)
    truth = build_labels(history.readings, history.events, device_model, mode)["fails_within"].to_numpy()
    asked = (history.readings["ts"] >= CUT).to_numpy() & ~np.isnan(truth)
    started = time.perf_counter()
    ours, across = [], []
    for seed in range(SEEDS):
        outcome = train(past, device_model, mode, seed=seed)
        features = outcome.model.plan.build(history, device_model, mode)
        ours.append(average_precision_score(truth[asked], outcome.model.risk(features[asked])))
        across.append(outcome.model.metrics["average_precision"])
    seconds = (time.perf_counter() - started) / SEEDS
    known_then = build_labels(past.readings, past.events, device_model, mode)["fails_within"].to_numpy()
    theirs = [
        average_precision_score(truth[asked], plain_risk(past.readings, known_then, history.readings[asked], seed))
        for seed in range(SEEDS)
    ]
    plain = float(np.mean(theirs))
    value, name = float(np.mean(ours)), "device_failure average precision"
    return [
        figure(
            f"{name}, April and May, mean of {SEEDS} seeds",
            value, "", "plain gradient boosting", plain, "at least twice", met=value >= 2 * plain,
        ),
        figure(
            f"{name}, least of {SEEDS} seeds",
            float(min(ours)), "", "plain gradient boosting", plain, "-", met=True,
        ),
        figure(
            f"{name}, across training devices",
            float(np.mean(across)), "", "share that fails", float(np.nanmean(known_then)), "-", met=True,
        ),
        figure("device_failure features and training", seconds, "s", "a minute", 60.0, "at most 60", met=seconds <= 60),
    ]  # fmt: skip
