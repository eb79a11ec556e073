"""AI4I: snapshots in five folds. Its five columns of failure modes are answers and never seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, f1_score

from bench.figures import Figure
from bench.models.data import PublicData, ai4i
from bench.models.figures import PLAIN, PUBLISHED, REPORTED, beside
from bench.models.plain import plain_risk_of_folds
from models.training import train

RULES = "the rules that made the data"
GOAL_F1, GOAL_PRECISION = 0.90, 0.93
BEST_F1 = 0.895
REPORTED_F1, REPORTED_PRECISION = 0.849, 0.893
"""With power, temperature difference and wear times torque."""


def measure(data: PublicData) -> list[Figure]:
    """Held-out risk of each snapshot: from five folds, with a threshold of one half for F1."""
    device_model, history = ai4i(data)
    [mode] = device_model.failure_modes
    outcome = train(history, device_model, mode)
    truth = outcome.held_out["fails_within"].to_numpy()
    risk = outcome.held_out["risk"].to_numpy()
    plain = plain_risk_of_folds(history.readings, truth, 5)
    rules = _generating_rules(history.readings)
    f1, plain_f1, limit_f1 = (float(f1_score(truth, told >= 0.5)) for told in (risk, plain, rules))
    precision, plain_precision, limit = (float(average_precision_score(truth, told)) for told in (risk, plain, rules))
    return [
        *beside(
            "AI4I F1, five folds",
            f1, {PUBLISHED: BEST_F1, REPORTED: REPORTED_F1, PLAIN: plain_f1, RULES: limit_f1},
            "", f"at least {GOAL_F1:g}", met=f1 >= GOAL_F1,
        ),
        *beside(
            "AI4I average precision, five folds",
            precision, {REPORTED: REPORTED_PRECISION, PLAIN: plain_precision, RULES: limit},
            "", f"at least {GOAL_PRECISION:g}", met=precision >= GOAL_PRECISION,
        ),
    ]  # fmt: skip


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
