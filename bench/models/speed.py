"""How quickly features are built, beside pandas' rolling windows for the same columns in the same run."""

from __future__ import annotations

from bench.feature_speed import COMPARED, WITH_SLOPE, feature_speed
from bench.figures import Figure, figure
from bench.models.data import PublicData, turbofans

GOAL = 10.0


def measure(data: PublicData) -> list[Figure]:
    """Windowed columns of FD001, which both compute alike, in seconds of one processor."""
    fleet = turbofans(data, "FD001")
    [mode] = fleet.device_model.failure_modes
    figures = []
    for what, limit, statistics in (
        ("mean, spread, minimum, maximum", "pandas groupby-rolling", COMPARED),
        ("mean, slope, spread", "pandas, slopes of rolling means", WITH_SLOPE),
    ):
        told = feature_speed(fleet.training, fleet.device_model, mode, statistics)
        figures.append(
            figure(
                f"FD001 features, {told.columns} columns of {what}", told.plan, "s", limit, told.pandas,
                f"at least {GOAL:g} times as fast", met=told.ratio >= GOAL, ratio=told.ratio,
            )
        )  # fmt: skip
    return figures
