"""What a prediction means for an alarm."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare.wiring import load_catalog
from alerts.rules import Verdict, judge, message, more_urgent, severity, span
from domain.alarm import Severity
from domain.prediction import Prediction

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("risk", "verdict"),
    [(0.4, Verdict.RAISE), (0.39, Verdict.HOLD), (0.2, Verdict.HOLD), (0.19, Verdict.CLEAR), (0.0, Verdict.CLEAR)],
)
def test_an_alarm_is_raised_at_the_threshold_and_cleared_below_half_of_it(risk: float, verdict: Verdict) -> None:
    assert judge(risk, 0.4) is verdict


@given(st.floats(0, 1), st.floats(0.001, 1))
def test_whoever_raises_never_clears(risk: float, threshold: float) -> None:
    assert (judge(risk, threshold) is Verdict.RAISE) == (risk >= threshold)
    assert (judge(risk, threshold) is Verdict.CLEAR) == (risk < threshold / 2)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (0, Severity.CRITICAL),
        (10, Severity.CRITICAL),
        (10.5, Severity.MAJOR),
        (20, Severity.MAJOR),
        (21, Severity.MINOR),
    ],
)
def test_the_early_bound_against_the_notice_makes_the_severity(hours: float, expected: Severity) -> None:
    assert severity(hours * HOUR, 10 * HOUR) is expected


def test_urgency_has_an_order() -> None:
    assert more_urgent(Severity.CRITICAL, Severity.MAJOR)
    assert not more_urgent(Severity.MAJOR, Severity.MAJOR)
    assert not more_urgent(Severity.WARNING, Severity.MINOR)


def test_the_message_is_the_planners() -> None:
    mode = load_catalog()["turbofan_fd001"].failure_modes[0]
    prediction = Prediction(
        "engine 7", mode.name, datetime(2026, 1, 1, tzinfo=UTC), 30 * HOUR, 0.83, 18 * HOUR, 9 * HOUR, 27 * HOUR
    )
    assert message(prediction, mode) == (f"{mode.title}: expected in 18 h, as early as 9 h; risk 83% within 30 h")
    assert "as early as now;" in message(replace(prediction, rul_low=0 * HOUR), mode)


@pytest.mark.parametrize(
    ("duration", "text"),
    [(-HOUR, "0 min"), (0.5 * HOUR, "30 min"), (2 * HOUR, "2 h"), (71 * HOUR, "71 h"), (120 * HOUR, "5 d")],
)
def test_durations_read_as_a_person_says_them(duration: timedelta, text: str) -> None:
    assert span(duration) == text
