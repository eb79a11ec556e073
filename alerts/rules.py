"""What a prediction means for an alarm: pure decisions."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from domain.alarm import Severity
from domain.device_model import FailureMode
from domain.prediction import Prediction

HYSTERESIS = 0.5
"""An alarm is taken back only when the risk falls below this share of the threshold that raises it."""


DRIFT = "drift:"


class Verdict(StrEnum):
    """What a prediction asks for."""

    RAISE = "raise"
    HOLD = "hold"
    CLEAR = "clear"


def judge(risk: float, alarm_threshold: float) -> Verdict:
    """Raise from the threshold on, clear below half of it; in between an alarm stays as it is, so that it does not
    flap."""
    if risk >= alarm_threshold:
        return Verdict.RAISE
    if risk < alarm_threshold * HYSTERESIS:
        return Verdict.CLEAR
    return Verdict.HOLD


def alarm_type(failure_mode: str) -> str:
    """The alarm type of a predicted failure mode."""
    return f"predicted:{failure_mode}"


def drift_type(failure_mode: str) -> str:
    """The alarm type of a failure mode whose model has drifted, or is no longer as right as promised."""
    return f"{DRIFT}{failure_mode}"


def severity(rul_low: timedelta, lead_time: timedelta) -> Severity:
    """How urgent: the early bound of the remaining useful life against the notice that a visit needs."""
    if rul_low <= lead_time:
        return Severity.CRITICAL
    if rul_low <= 2 * lead_time:
        return Severity.MAJOR
    return Severity.MINOR


def more_urgent(one: Severity, other: Severity) -> bool:
    """Whether `one` is more urgent than `other`."""
    order = list(Severity)
    return order.index(one) < order.index(other)


def message(prediction: Prediction, mode: FailureMode) -> str:
    """The alarm in the planner's words."""
    earliest = span(prediction.rul_low) if prediction.rul_low >= timedelta(minutes=1) else "now"
    return (
        f"{mode.title}: expected in {span(prediction.rul)}, as early as {earliest}; "
        f"risk {prediction.risk:.0%} within {span(prediction.horizon)}"
    )


def span(duration: timedelta) -> str:
    """A duration as a person says it: minutes below two hours, hours below three days, else days."""
    hours = duration.total_seconds() / 3600
    if hours < 2:
        return f"{max(hours, 0) * 60:.0f} min"
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} d"
