"""Whether a predicted failure is looked into from afar before a ticket opens for it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from domain.device_model import FailureMode
from domain.troubleshooting import Outcome, Standing, Starts

HOLDS = timedelta(days=1)
"""How long a run may hold a ticket back: a device that is not there, or a question that nobody answers, must not cost
the notice that the prediction gave."""


class Remote(StrEnum):
    """What is done from afar about a predicted failure.

    NOTHING: a ticket opens as it would without troubleshooting. BEGINS: a run begins, and the ticket waits for it.
    UNDER_WAY: the ticket waits. NO_FAULT: a run has just found none, which stands for a while: no ticket. FIXED: a run
    has just mended it: no alarm either.
    """

    NOTHING = "nothing"
    BEGINS = "begins"
    UNDER_WAY = "under way"
    NO_FAULT = "no fault"
    FIXED = "fixed"


def remote_first(mode: FailureMode, latest: Standing | None, now: datetime) -> Remote:
    """What comes before a ticket. latest: the newest run of this failure mode of the device.

    A mode that is predicted again within its horizon after a run ended gets a visit: what was done from afar did not
    hold. What a person looks into by hand holds no ticket back, and nothing does for longer than `HOLDS`.
    """
    tree = mode.troubleshooting
    if latest is not None and latest.ended_at is None:
        return Remote.UNDER_WAY if latest.by_prediction and now < latest.started_at + HOLDS else Remote.NOTHING
    if latest is not None and latest.ended_at is not None and tree is not None:
        settled = {Outcome.FIXED: Remote.FIXED, Outcome.NO_FAULT: Remote.NO_FAULT}
        if latest.outcome in settled and now < latest.ended_at + tree.stands_for:
            return settled[latest.outcome]
        if latest.outcome is not Outcome.WITHDRAWN and now < latest.ended_at + mode.horizon:
            return Remote.NOTHING
    return Remote.BEGINS if tree is not None and tree.starts is Starts.PREDICTION else Remote.NOTHING
