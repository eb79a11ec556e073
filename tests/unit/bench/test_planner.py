"""Figures that could not be measured, and ends of an interval that are 0 or missing, stop no benchmark."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench.models.figures import show_side_by_side
from bench.models.planner import planner_figures
from models.training import TrainingOutcome


def test_each_figure_stands_with_its_interval(capsys: pytest.CaptureFixture[str]) -> None:
    measured: dict[str, Any] = {
        "alarm_recall_in_time": [0.5, 0.0, 0.75],
        "tickets_per_failure": [1.5, 1.25, None],
        "false_alarms_per_device_year": [None, None, None],
    }
    outcome = cast(TrainingOutcome, SimpleNamespace(report={"splits": [{"figures": measured}]}))
    figures = planner_figures("pump", outcome)
    assert [(one["name"], one["value"], one["limit_value"]) for one in figures] == [
        ("pump: failures caught with the lead time left", 0.5, 0.0),
        ("pump: failures caught with the lead time left", 0.5, 0.75),
        ("pump: tickets per failure foreseen", 1.5, 1.25),
    ]
    show_side_by_side("Models", figures)
    shown = capsys.readouterr().out
    assert "0.500 (0 to 0.750)" in shown
    assert "1.50 (1.25 to any)" in shown
