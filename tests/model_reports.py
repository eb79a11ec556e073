"""A model report for tests of what shows it: measured on made-up answers, in no time."""

from __future__ import annotations

from typing import Any

import numpy as np

from domain.device_model import FailureMode
from models.evaluation import LifeTrace, cost_table
from models.report import measure
from models.splits import Judged


def some_report(mode: FailureMode, devices: int = 30) -> dict[str, Any]:
    """Both splits of a fleet whose devices fail after 200 h, but for every third one that does not."""
    judged = some_answers(mode, devices)
    split = measure(judged, mode, 120.0)
    instants = {"past_until": "2026-02-01T00:00:00+00:00", "judged_from": "2026-02-03T00:00:00+00:00"}
    return {
        "version": 1,
        "threshold": 0.3,
        "horizon_hours": mode.horizon.total_seconds() / 3600,
        "cap_hours": 120.0,
        "splits": [{"split": "devices", **split}, {"split": "time", **instants, **split}],
        "time_split_missing": "",
    }


def some_answers(mode: FailureMode, devices: int = 30) -> Judged:
    """Answers to hourly readings: risks that are about true, and intervals that are a little too narrow."""
    random = np.random.default_rng(0)
    traces, of, fails, truth, told = [], [], [], [], []
    for number in range(devices):
        left, failed = np.arange(200.0, -1, -1), number % 3 > 0
        odds = np.where(failed, (40 - left) / 10, -4.0) + random.normal(0, 1.0, 201) + random.normal(0, 0.5)
        traces.append(LifeTrace(1 / (1 + np.exp(-odds)), left, failed))
        of += [number] * 201
        fails += list(np.where(left > 40, 0.0, 1.0 if failed else np.nan))
        truth += list(np.where(left >= 120, 120.0, left if failed else np.nan))
        told += list(np.clip(left + random.normal(0, 6, 201), 0, 120))
    risk, rul, every = np.concatenate([t.risk for t in traces]), np.array(told), np.ones(len(of), dtype=bool)
    return Judged(
        every, np.array(of), np.array(fails), np.array(truth), np.ones(len(of)), risk**0.5, risk, rul,
        np.clip(rul - 9, 0, 120), np.clip(rul + 9, 0, 120),
        traces, np.arange(devices), np.full(devices, 0.3), cost_table(traces, mode),
    )  # fmt: skip
