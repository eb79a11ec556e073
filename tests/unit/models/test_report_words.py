"""Figures as they are told: units, intervals, open ends."""

from __future__ import annotations

from typing import Any

import pytest

from models.report_words import FIGURES, count_rows, figure_rows


def told(key: str, ends: list[float | None]) -> str:
    split = {"figures": {name: [None, None, None] for name, *_ in FIGURES}, "calibration_error": None}
    split["figures"] |= {key: ends}
    report: dict[str, Any] = {"splits": [split]}
    return next(row.texts[0] for row in figure_rows(report) if row.key == key)


@pytest.mark.parametrize(
    ("key", "ends", "text"),
    [
        ("alarm_recall_in_time", [0.99, 0.9564, 1.0], "99 % (95.6 to 100)"),
        ("tickets_per_failure", [1.27, 1.09, None], "1.27 (1.09 or more)"),
        ("false_alarms_per_device_year", [0.0, 0.0, 1.279], "0 (0 to 1.28)"),
        ("median_lead_time_hours", [1234.0, 800.0, 2000.0], "1,234 h (800 to 2,000)"),
        ("auc", [None, None, None], "-"),
        ("brier", [0.0001234, None, None], "1.2e-04"),
    ],
)
def test_a_figure_in_words(key: str, ends: list[float | None], text: str) -> None:
    assert told(key, ends) == text


def test_what_was_measured_on() -> None:
    split = {"devices": 12, "lives": 22, "failures": 10, "rows": 20631, "device_years": 2.34}
    assert [row.texts for row in count_rows({"splits": [split]})] == [["12"], ["22"], ["10"], ["20,631"], ["2.34"]]
