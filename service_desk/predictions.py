"""From a prediction to an alarm, a ticket and reserved parts, and back again when it is retracted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

import structlog

from alerts import rules
from domain.alarm import AlarmChange
from domain.device_model import DeviceModel
from domain.prediction import RecordedPrediction
from service_desk.prediction_outcome import Outcome
from service_desk.raising import raise_and_open
from service_desk.retraction import withdraw
from service_desk.weighing import quick_saving
from store import predictions as store_predictions
from store import tickets as store_tickets
from store.database import Connection, Database
from store.retry import in_transaction

log = structlog.get_logger()
LOCKS_AT_ONCE = 500
"""Of the 6,400 and more that a PostgreSQL server has room for, for all its connections."""


def act_on_predictions(
    database: Database, device_model: DeviceModel, predictions: Iterable[RecordedPrediction], *, now: datetime
) -> list[Outcome]:
    """Act on each in a short transaction of its own, repeated on a deadlock; one log line for each that changed
    something. Those that have nothing to change, which are most, are settled together. The costliest to leave go
    first, so that visits and parts are theirs; the outcomes are in the order of `predictions`."""
    predictions, outcomes = list(predictions), dict[int, Outcome]()
    uneventful = _settle_uneventful(database, predictions, now)
    eventful = [recorded for recorded in predictions if recorded.prediction_id not in uneventful]
    for recorded in sorted(eventful, key=lambda one: -quick_saving(device_model, one)):
        act = partial(act_on_prediction, device_model=device_model, recorded=recorded, now=now)
        outcome = outcomes[recorded.prediction_id] = in_transaction(database, act)
        if outcome.ticket or outcome.alarm not in (None, AlarmChange.REPEATED):
            log.info(
                "prediction acted on",
                device=recorded.prediction.device,
                failure_mode=recorded.prediction.failure_mode,
                prediction_id=recorded.prediction_id,
                alarm=outcome.alarm,
                alarm_id=outcome.alarm_id,
                ticket=outcome.ticket,
                ticket_id=outcome.ticket_id,
            )
    return [outcomes.get(recorded.prediction_id, Outcome()) for recorded in predictions]


def _settle_uneventful(database: Database, predictions: Sequence[RecordedPrediction], now: datetime) -> set[int]:
    quiet = [
        recorded
        for recorded in predictions
        if rules.judge(recorded.prediction.risk, recorded.alarm_threshold) is not rules.Verdict.RAISE
    ]
    settled: set[int] = set()
    for start in range(0, len(quiet), LOCKS_AT_ONCE):
        few = partial(store_predictions.mark_uneventful, recorded=quiet[start : start + LOCKS_AT_ONCE], at=now)
        settled |= in_transaction(database, few)
    return settled


def act_on_prediction(
    connection: Connection, device_model: DeviceModel, recorded: RecordedPrediction, now: datetime
) -> Outcome:
    """Bring alarm, ticket and parts of this device and failure mode in line with a prediction, and mark it as acted on.

    The same prediction again, one that is older than what was acted on, and one from before the component was
    replaced change nothing. A retracted prediction keeps the ticket when the device has failed meanwhile.
    Raises NotFoundError when the device or the failure mode does not exist.
    """
    mode = device_model.failure_mode(recorded.prediction.failure_mode)
    met = store_tickets.lock_case(connection, recorded, component=mode.component, event_codes=mode.event_codes)
    outcome = Outcome()
    if not met.settled and not met.renewed:
        verdict = rules.judge(recorded.prediction.risk, recorded.alarm_threshold)
        if verdict is rules.Verdict.RAISE:
            outcome = raise_and_open(connection, device_model, mode, recorded, met, now)
        elif verdict is rules.Verdict.CLEAR and not met.failed:
            outcome = withdraw(connection, mode, recorded, met, now)
    store_predictions.mark_acted(connection, recorded, at=now)
    return outcome
