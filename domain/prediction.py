"""What a model says about a device, and where the model came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.silent_channels import SilentChannels

CURVE_STEPS = 36
"""Steps of a risk curve from a prediction to its horizon."""


class ModelStatus(StrEnum):
    """A model version's standing; at most one champion per device model and failure mode."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much one channel moved the risk (in probability, and in log-odds), and why, in the planner's words and units.

    Over a prediction both add up to what it tells, less what it would tell of the device in health.
    """

    channel: str
    effect: float
    text: str
    log_odds: float = 0.0


@dataclass(frozen=True, slots=True)
class Prediction:
    """The risk of one failure mode within its horizon, and the remaining useful life with its interval.

    as_of: the last reading that the model saw. risk: probability in [0, 1]. failed_by: the risk curve, probability of
    having failed by the end of each 1 / `CURVE_STEPS` of the horizon from `as_of` on, which at the horizon is `risk`;
    empty when the model version tells none.
    """

    device: str
    failure_mode: str
    as_of: datetime
    horizon: timedelta
    risk: float
    rul: timedelta
    rul_low: timedelta
    rul_high: timedelta
    contributions: Sequence[Contribution] = ()
    failed_by: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One trained model with its lineage. `metrics` are from held-out devices, `alarm_threshold` is the risk at
    which acting is cheaper than waiting, measured on the same held-out devices.

    reason: why it has its status. comparison: what it was measured by against the champion of that day. reference: how
    each input feature was spread in training. report: every figure on held-out data with its interval, and the curves.
    silent_channels: those that are declared and from which nothing could be learnt.
    """

    device_model: str
    failure_mode: str
    task: str
    status: ModelStatus
    alarm_threshold: float
    metrics: Mapping[str, Any]
    data_from: datetime
    data_to: datetime
    row_count: int
    device_count: int
    features: Sequence[str]
    code_version: str
    library_versions: Mapping[str, str]
    artifact_sha256: str
    reason: str = ""
    comparison: Mapping[str, Any] = field(default_factory=dict)
    reference: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    silent_channels: SilentChannels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordedPrediction:
    """A prediction as stored, with what its model version says about acting on it.

    alarm_threshold: risk from which acting is cheaper than waiting. precision: share of held-out alarms that a failure
    followed in time; None when it could not be measured.
    """

    prediction_id: int
    device_id: int
    prediction: Prediction
    alarm_threshold: float
    precision: float | None
