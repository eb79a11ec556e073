"""More failures are predicted than the technicians of a service centre can work off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.alarm import AlarmChange
from domain.errors import NotFoundError
from domain.visit import Technician, VisitKind
from service_desk import tickets
from service_desk.prediction_outcome import Outcome
from service_desk.predictions import act_on_predictions
from service_desk.visit_budget import Reconsidered, reconsider
from store import technicians, visit_budget, visits
from tests.integration.conftest import HOUR, START, Desk

RISKS = (0.95, 0.75, 0.99, 0.85, 0.65)


def test_the_costliest_get_the_visits_and_the_others_wait_without_being_told(desk: Desk) -> None:
    _let(desk, 2)
    outcomes = _all_predicted(desk)
    assert [outcome.alarm for outcome in outcomes] == [
        AlarmChange.RAISED if risk in (0.99, 0.95) else AlarmChange.DEFERRED for risk in RISKS
    ], "the outcomes are in the order of the predictions, the visits in that of the savings"
    assert [outcome.ticket for outcome in outcomes] == [
        "opened" if risk in (0.99, 0.95) else "suggested" for risk in RISKS
    ]
    assert not any(outcome.reservations for outcome in outcomes if outcome.alarm is AlarmChange.DEFERRED)
    assert _changes(desk, "raised") == 2, "people are told of two"
    assert _reconsider(desk) == Reconsidered(0, 0, 0), "what was raised is what fits"


def test_what_waited_is_told_and_opened_when_there_is_room(desk: Desk) -> None:
    _let(desk, 2)
    outcomes = _all_predicted(desk)
    desk.act(desk.predict(_device_of(desk, outcomes[2]), hours=1, risk=0.01))
    assert _reconsider(desk, hours=1) == Reconsidered(deferred=0, resumed=1, opened=1)
    next_best = outcomes[3]
    assert _state(desk, next_best) == "open"
    assert desk.value("SELECT count(*) FROM part_reservations WHERE ticket_id = %s", next_best.ticket_id)
    assert _changes(desk, "resumed") == 1
    _let(desk, None)
    assert _reconsider(desk, hours=2) == Reconsidered(deferred=0, resumed=2, opened=2)
    assert desk.value("SELECT count(*) FROM alarms WHERE deferred") == 0


def test_a_costlier_failure_takes_the_visit_of_a_cheaper_one_that_nobody_planned(desk: Desk) -> None:
    _let(desk, 1)
    first = desk.act(desk.predict(desk.add_device("hp-1"), risk=0.7))
    second = desk.act(desk.predict(desk.add_device("hp-2"), risk=0.9))
    assert (first.alarm, second.alarm) == (AlarmChange.RAISED, AlarmChange.RAISED)
    assert _reconsider(desk) == Reconsidered(deferred=1, resumed=0, opened=0)
    assert _state(desk, first) == "open", "a ticket that people may have begun with keeps its state and its parts"
    assert _waiting(desk) == {first.alarm_id}
    assert first.ticket_id is not None
    with desk.database.transaction() as connection:
        tickets.plan(connection, ticket_id=first.ticket_id, planned_for=START + HOUR, who="anna", now=START)
    assert _reconsider(desk) == Reconsidered(deferred=1, resumed=1, opened=0), "what is planned keeps its place"
    assert _waiting(desk) == {second.alarm_id}


def test_weeks_are_counted_by_the_clock_of_the_centre_and_early_ones_are_used(desk: Desk) -> None:
    _let(desk, 1)
    late = [desk.act(desk.predict(desk.add_device(f"late-{n}"), rul_low=24 * 8)) for n in range(2)]
    assert [outcome.alarm for outcome in late] == [AlarmChange.RAISED] * 2, "one this week, one the next"
    assert desk.act(desk.predict(desk.add_device("urgent"), rul_low=1)).alarm is AlarmChange.DEFERRED


def test_technicians_hours_are_the_budget_and_maintenance_takes_its_share(desk: Desk) -> None:
    _let(desk, 0)
    device_id = desk.add_device("maintained")
    with desk.database.transaction() as connection:
        technicians.save(connection, Technician(technician="anna", service_centre="north", weekly_hours=5))
        visits.add(
            connection,
            device_id=device_id,
            kind=VisitKind.MAINTENANCE,
            technician_id=None,
            starts_at=START + HOUR,
            ends_at=START + 2 * HOUR,
            who="anna",
            now=START,
        )
    outcomes = _all_predicted(desk)  # visits of two hours, of which two fit beside the hour of maintenance
    assert [outcome.ticket for outcome in outcomes].count("opened") == 2
    desk.rows("UPDATE visits SET state = 'cancelled'")
    assert _reconsider(desk) == Reconsidered(0, 0, 0), "one hour is no visit"
    desk.rows("UPDATE technicians SET weekly_hours = 6")
    assert _reconsider(desk) == Reconsidered(deferred=0, resumed=1, opened=1)
    desk.rows("UPDATE technicians SET active = false")
    assert _reconsider(desk) == Reconsidered(deferred=3, resumed=0, opened=0), "the stated number counts again: none"


def test_a_suggestion_that_only_a_planner_opens_stays_one(desk: Desk) -> None:
    _let(desk, 0)
    outcome = desk.act(desk.predict(desk.add_device("hp-1"), precision=0.1))
    _let(desk, 5)
    assert _reconsider(desk) == Reconsidered(deferred=0, resumed=1, opened=0)
    assert _state(desk, outcome) == "suggested"


def test_a_ticket_of_what_has_left_the_catalog_keeps_no_other_from_opening(desk: Desk) -> None:
    _let(desk, 0)
    outcome = desk.act(desk.predict(desk.add_device("hp-1")))
    _let(desk, 5)
    without_mode = replace(desk.device_model, failure_modes=[replace(desk.device_model.failure_modes[0], name="other")])
    for catalog in ({}, {desk.device_model.name: without_mode}):
        reconsider(desk.database, catalog, now=START)
        assert _state(desk, outcome) == "suggested"
    assert _reconsider(desk) == Reconsidered(deferred=0, resumed=0, opened=1)


def test_the_capacity_of_an_unknown_centre(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="'nowhere'"), desk.database.transaction() as connection:
        visit_budget.set_visits(connection, service_centre="nowhere", visits=3)


def _let(desk: Desk, visits: int | None) -> None:
    desk.rows("INSERT INTO service_centres VALUES ('north') ON CONFLICT DO NOTHING")
    with desk.database.transaction() as connection:
        visit_budget.set_visits(connection, service_centre="north", visits=visits)


def _all_predicted(desk: Desk) -> list[Outcome]:
    recorded = [desk.predict(desk.add_device(f"hp-{risk}"), risk=risk) for risk in RISKS]
    return act_on_predictions(desk.database, desk.device_model, recorded, now=START)


def _reconsider(desk: Desk, *, hours: float = 0) -> Reconsidered:
    return reconsider(desk.database, desk.catalog, now=START + hours * HOUR)


def _device_of(desk: Desk, outcome: Outcome) -> int:
    return int(desk.value("SELECT device_id FROM alarms WHERE alarm_id = %s", outcome.alarm_id))


def _state(desk: Desk, outcome: Outcome) -> str:
    return str(desk.value("SELECT state FROM tickets WHERE ticket_id = %s", outcome.ticket_id))


def _changes(desk: Desk, change: str) -> int:
    told = "SELECT count(*) FROM outbox WHERE kind = 'alarm' AND payload ->> 'change' = %s"
    return int(desk.value(told, change))


def _waiting(desk: Desk) -> set[int]:
    return {alarm_id for (alarm_id,) in desk.rows("SELECT alarm_id FROM alarms WHERE deferred")}
