"""How quickly features are built, beside pandas' rolling windows for the same columns in the same run."""

from __future__ import annotations

from bench.feature_speed import feature_speed
from bench.figures import Figure, figure
from bench.models.data import PublicData, turbofans

GOAL = 10.0


def measure(data: PublicData) -> list[Figure]:
    """Windowed columns of FD001, which both compute alike."""
    fleet = turbofans(data, "FD001")
    [mode] = fleet.device_model.failure_modes
    told = feature_speed(fleet.training, fleet.device_model, mode)
    name = f"FD001 features, {told['columns']:.0f} columns of pandas' kind"
    seconds, beside, ratio = told["plan"], told["pandas"], told["ratio"]
    return [
        figure(
            name, seconds, "s", "pandas groupby-rolling", beside, f"at least {GOAL:g} times as fast",
            met=ratio >= GOAL, ratio=ratio,
        )
    ]  # fmt: skip
