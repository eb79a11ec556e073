"""AI4I: snapshots in five folds. Its five columns of failure modes are answers and never seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, f1_score

from bench.figures import Figure, figure
from bench.models.data import ai4i
from bench.models.plain import plain_risk_of_folds
from models.training import train

GOAL_F1, GOAL_PRECISION = 0.90, 0.93
PUBLISHED_F1 = 0.895


def measure(folder: Path) -> list[Figure]:
    """Held-out risk of each snapshot: from five folds, with a threshold of one half for F1."""
    device_model, history = ai4i(folder)
    [mode] = device_model.failure_modes
    outcome = train(history, device_model, mode)
    truth = outcome.held_out["fails_within"].to_numpy()
    risk = outcome.held_out["risk"].to_numpy()
    plain = plain_risk_of_folds(history.readings, truth, 5)
    rules = _generating_rules(history.readings)
    f1, limit_f1 = float(f1_score(truth, risk >= 0.5)), float(f1_score(truth, rules >= 0.5))
    precision, limit = (float(average_precision_score(truth, told)) for told in (risk, rules))
    by = "the rules that made the data"
    return [
        figure("AI4I F1", f1, "", "best published", PUBLISHED_F1, f"at least {GOAL_F1:g}", met=f1 >= GOAL_F1),
        figure("AI4I F1, beside what can be known", f1, "", by, limit_f1, "-", met=True),
        figure(
            "AI4I average precision",
            precision, "", by, limit, f"at least {GOAL_PRECISION:g}", met=precision >= GOAL_PRECISION,
        ),
        _plain("AI4I F1 of plain gradient boosting", float(f1_score(truth, plain >= 0.5)), PUBLISHED_F1),
        _plain(
            "AI4I average precision of plain gradient boosting", float(average_precision_score(truth, plain)), limit
        ),
    ]  # fmt: skip


def _plain(name: str, value: float, limit: float) -> Figure:
    return figure(f"{name} on raw channels", value, "", "as above", limit, "-", met=True)


def _generating_rules(readings: pd.DataFrame) -> np.ndarray:
    """Risk by the published rules (Matzka 2020): certain beyond the limits, likely where a tool fails at a wear drawn
    at random. What remains is random in the data itself: nothing can tell it.
    """
    power = readings["torque"] * readings["speed"] * 2 * np.pi / 60
    heat_gap = readings["process_temperature"] - readings["air_temperature"]
    certain = (
        (power < 3500)
        | (power > 9000)
        | ((heat_gap < 8.6) & (readings["speed"] < 1380))
        | (readings["tool_wear"] * readings["torque"] > 11_000 + 1000 * readings["hardness"])
    )
    risk: np.ndarray = np.where(
        certain, 1.0, 0.1 * (readings["tool_wear"] >= 200) + 0.05 * (readings["tool_wear"] >= 212)
    )
    return risk
