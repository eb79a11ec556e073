"""A prediction that is taken back: its alarm, its ticket and the parts, unless it comes and goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from alerts import lifecycle, rules
from domain.alarm import AlarmChange
from domain.device_model import FailureMode
from domain.prediction import RecordedPrediction
from domain.ticket import UNPLANNED
from service_desk import tickets
from service_desk.prediction_outcome import Outcome
from store import predictions as store_predictions
from store import troubleshooting
from store.database import Connection
from store.tickets import Case

SYSTEM = lifecycle.SYSTEM


def withdraw(
    connection: Connection, mode: FailureMode, recorded: RecordedPrediction, met: Case, now: datetime
) -> Outcome:
    """Clear the alarm; cancel a ticket that nobody has planned, release its parts, and stop the run that it began.

    Each time that the alarm was retracted within the horizon before, the risk has to stay low for one prediction more,
    so that a risk that comes and goes, however slowly, opens and withdraws a ticket ever less often.
    """
    before = store_predictions.times_retracted(
        connection, recorded, alarm_type=rules.alarm_type(mode.name), component=mode.component, now=now
    )
    level = recorded.alarm_threshold * rules.HYSTERESIS
    if not store_predictions.stayed_below(connection, recorded, level=level, times=before):
        return Outcome()
    prediction = recorded.prediction
    reason = f"prediction retracted: risk {prediction.risk:.0%} as of {prediction.as_of:%Y-%m-%d %H:%M} UTC"
    troubleshooting.withdraw(
        connection, device_id=recorded.device_id, failure_mode=prediction.failure_mode, reason=reason, at=now
    )
    alarm = lifecycle.clear_type(
        connection,
        device_id=recorded.device_id,
        alarm_type=rules.alarm_type(prediction.failure_mode),
        who=SYSTEM,
        now=now,
        reason=reason,
    )
    outcome = Outcome(AlarmChange.CLEARED, alarm.alarm_id) if alarm else Outcome()
    if met.ticket_id is None or not met.predicted or met.state not in UNPLANNED:
        return outcome
    tickets.cancel(connection, ticket_id=met.ticket_id, reason=reason, who=SYSTEM, now=now)
    return replace(outcome, ticket="cancelled", ticket_id=met.ticket_id)
