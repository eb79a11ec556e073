"""From prediction to ticket to closure, on the real database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from domain.alarm import AlarmChange
from domain.errors import ConflictError, InvalidInputError, NotFoundError
from domain.ticket import ClosureCode, TicketState
from service_desk import shelves, tickets
from service_desk.predictions import act_on_prediction, act_on_predictions
from store import predictions
from store.tickets import get

if TYPE_CHECKING:
    from .conftest import Desk

NOW = datetime(2026, 1, 3, tzinfo=UTC)
WHO = "planner"


def receive(desk: Desk, quantity: int, *, service_centre: str = "north") -> None:
    with desk.database.transaction() as connection:
        shelves.receive(
            connection, service_centre=service_centre, part_no=desk.part_no, quantity=quantity, who=WHO, now=NOW
        )


def reservations(desk: Desk) -> list[tuple[int, str]]:
    return desk.rows("SELECT ticket_id, state FROM part_reservations ORDER BY reservation_id")


def history(desk: Desk, ticket_id: int) -> list[str]:
    return [
        what
        for (what,) in desk.rows(
            "SELECT what FROM ticket_events WHERE ticket_id = %s ORDER BY ticket_event_id", ticket_id
        )
    ]


def resolve(desk: Desk, ticket_id: int) -> None:
    with desk.database.transaction() as connection:
        tickets.start(connection, ticket_id=ticket_id, who="technician", now=NOW)
        tickets.resolve(connection, ticket_id=ticket_id, who="technician", now=NOW)


def close(desk: Desk, ticket_id: int, code: ClosureCode, **more: object) -> None:
    with desk.database.transaction() as connection:
        tickets.close(
            connection,
            desk.catalog,
            ticket_id=ticket_id,
            closure_code=code,
            who=WHO,
            now=NOW + timedelta(hours=1),
            **more,
        )


def test_a_trusted_prediction_opens_a_ticket_with_its_kit_reserved(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    receive(desk, 1)
    recorded = desk.predict(device_id, rul_low=15)
    outcome = desk.act(recorded)
    assert (outcome.alarm, outcome.ticket) == (AlarmChange.RAISED, "opened")
    assert [row.state for row in outcome.reservations] == ["reserved"]
    assert outcome.ticket_id is not None
    with desk.database.transaction() as connection:
        ticket = get(connection, outcome.ticket_id).ticket
    assert ticket.state is TicketState.OPEN
    assert ticket.priority == 2
    assert ticket.need_by == recorded.prediction.as_of + timedelta(hours=5)  # 15 h early bound, 10 h notice
    assert (ticket.alarm_id, ticket.prediction_id) == (outcome.alarm_id, recorded.prediction_id)
    assert ticket.decision is not None
    for option in ticket.decision["options"]:
        assert option["total"] == sum(line["minor"] for line in option["lines"])
    assert desk.rows("SELECT kind, payload ->> 'change' FROM outbox ORDER BY outbox_id") == [
        ("alarm", "raised"),
        ("ticket", "opened"),
    ]
    desk.check_ledgers()


@pytest.mark.parametrize("precision", [None, 0.69])
def test_below_its_gate_a_ticket_is_suggested_and_holds_no_parts_until_accepted(
    desk: Desk, precision: float | None
) -> None:
    receive(desk, 1)
    outcome = desk.act(desk.predict(desk.add_device("d1"), precision=precision))
    assert outcome.ticket == "suggested"
    assert reservations(desk) == []
    assert outcome.ticket_id is not None
    with desk.database.transaction() as connection:
        ticket = tickets.accept(connection, desk.catalog, ticket_id=outcome.ticket_id, who=WHO, now=NOW)
    assert ticket.state is TicketState.OPEN
    assert reservations(desk) == [(outcome.ticket_id, "reserved")]
    assert history(desk, outcome.ticket_id) == ["suggested", "accepted"]
    desk.check_ledgers()


def test_the_same_prediction_twice_changes_nothing(desk: Desk) -> None:
    recorded = desk.predict(desk.add_device("d1"))
    desk.act(recorded)
    written = desk.rows("SELECT * FROM alarms"), desk.rows("SELECT * FROM tickets"), desk.rows("SELECT * FROM outbox")
    outcome = desk.act(recorded)
    assert (outcome.alarm, outcome.ticket) == (None, None)
    assert written == (
        desk.rows("SELECT * FROM alarms"),
        desk.rows("SELECT * FROM tickets"),
        desk.rows("SELECT * FROM outbox"),
    )


def test_an_older_prediction_that_comes_late_is_not_acted_on(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    desk.act(desk.predict(device_id, hours=2, risk=0.01))
    assert desk.act(desk.predict(device_id, hours=1, risk=0.99)).alarm is None


def test_repeated_predictions_raise_the_priority_once_and_the_feed_stays_quiet(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    first = desk.act(desk.predict(device_id, hours=0, rul_low=60))
    for hours in (1, 2, 3):
        repeated = desk.act(desk.predict(device_id, hours=hours, rul_low=55))
        assert (repeated.alarm, repeated.ticket) == (AlarmChange.REPEATED, None)
    hastened = desk.act(desk.predict(device_id, hours=4, rul_low=8))
    assert (hastened.alarm, hastened.ticket) == (AlarmChange.ESCALATED, "hastened")
    assert hastened.ticket_id == first.ticket_id
    assert desk.rows("SELECT priority, need_by FROM tickets") == [(1, datetime(2026, 1, 1, 4, tzinfo=UTC))]
    assert desk.value("SELECT count FROM alarms") == 5
    assert desk.value("SELECT count(*) FROM outbox") == 4


def test_a_retracted_prediction_clears_its_alarm_cancels_the_ticket_and_frees_the_part_for_who_waits(
    desk: Desk,
) -> None:
    receive(desk, 1)
    first, second = desk.add_device("d1"), desk.add_device("d2")
    winner = desk.act(desk.predict(first))
    waiter = desk.act(desk.predict(second))
    assert [row.state for row in waiter.reservations] == ["backordered"]
    withdrawn = desk.act(desk.predict(first, hours=1, risk=0.1))
    assert (withdrawn.alarm, withdrawn.ticket) == (AlarmChange.CLEARED, "cancelled")
    assert reservations(desk) == [(winner.ticket_id, "released"), (waiter.ticket_id, "reserved")]
    assert waiter.ticket_id is not None
    assert history(desk, waiter.ticket_id) == ["opened", "part_reserved"]
    desk.check_ledgers()


def test_between_the_thresholds_nothing_flaps(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    desk.act(desk.predict(device_id))
    held = desk.act(desk.predict(device_id, hours=1, risk=0.3))
    assert (held.alarm, held.ticket) == (None, None)
    assert desk.value("SELECT active FROM alarms") is True


def test_a_prediction_that_comes_and_goes_opens_ever_fewer_tickets(desk: Desk) -> None:
    """Up and down every hour for a day: opened, withdrawn and opened once more, and then the ticket stays."""
    device_id = desk.add_device("d1")
    for hour in range(24):
        desk.act(desk.predict(device_id, hours=hour, risk=0.1 if hour % 2 else 0.9))
    assert desk.rows("SELECT state FROM tickets ORDER BY ticket_id") == [("cancelled",), ("open",)]
    desk.act(desk.predict(device_id, hours=24, risk=0.1))
    assert desk.value("SELECT count(*) FROM alarms WHERE active") == 0, "twice in a row is a retraction again"
    for hour, risk in enumerate([0.9, 0.9, 0.1, 0.1, 0.9, 0.9], start=25):
        desk.act(desk.predict(device_id, hours=hour, risk=risk))
    assert desk.rows("SELECT state, count(*) FROM tickets GROUP BY state ORDER BY state") == [
        ("cancelled", 2),
        ("open", 1),
    ], "slower ones are damped too"
    desk.check_ledgers()


def test_retractions_of_long_ago_and_of_another_component_delay_nothing(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    cleared = []
    for start in (0, 40):  # hours, of which the horizon has 30; the component is exchanged after 42
        desk.act(desk.predict(device_id, hours=start))
        cleared.append(desk.act(desk.predict(device_id, hours=start + 1, risk=0.1)).alarm)
    desk.rows(
        "INSERT INTO components (device_id, component, installed_at) VALUES (%s, %s, %s)",
        device_id,
        desk.device_model.failure_modes[0].component,
        NOW - timedelta(hours=6),
    )
    desk.act(desk.predict(device_id, hours=43))
    cleared.append(desk.act(desk.predict(device_id, hours=44, risk=0.1)).alarm)
    assert cleared == [AlarmChange.CLEARED] * 3


def test_an_hour_of_life_is_worth_what_the_version_has_learnt(desk: Desk) -> None:
    def sum_of(name: str) -> tuple[float, int]:
        ticket_id = desk.act(desk.predict(desk.add_device(name), risk=0.6, rul_low=22)).ticket_id
        decision = desk.value("SELECT decision FROM tickets WHERE ticket_id = %s", ticket_id)
        return decision["hour_of_life"], decision["options"][0]["lines"][-1]["minor"]

    planned = desk.device_model.failure_modes[0].costs.planned_visit.minor + 350_000
    receive(desk, 2)
    worth = []
    for rate in (0.002, 0.004):
        desk.rows("UPDATE model_versions SET metrics = metrics || jsonb_build_object('cost_rate', %s::float8)", rate)
        worth.append(sum_of(f"d-{rate}"))
        assert worth[-1][0] == pytest.approx(rate * planned)
    assert worth[0][1] > 0
    assert worth[1][1] == pytest.approx(2 * worth[0][1], abs=1)


def test_a_planned_ticket_survives_a_retraction(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    opened = desk.act(desk.predict(device_id))
    assert opened.ticket_id is not None
    with desk.database.transaction() as connection:
        tickets.plan(connection, ticket_id=opened.ticket_id, planned_for=NOW, who=WHO, now=NOW)
    withdrawn = desk.act(desk.predict(device_id, hours=1, risk=0.0))
    assert (withdrawn.alarm, withdrawn.ticket) == (AlarmChange.CLEARED, None)
    assert desk.value("SELECT state FROM tickets") == "planned"


def test_the_ticket_of_a_device_that_has_failed_stays_whatever_the_model_says(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    desk.act(desk.predict(device_id))
    code = desk.device_model.failure_modes[0].event_codes[0]
    desk.rows(
        "INSERT INTO device_events (ts, device_id, kind, code) VALUES ('2026-01-01 01:00Z', %s, 'failure', %s)",
        device_id,
        code,
    )
    outcome = desk.act(desk.predict(device_id, hours=2, risk=0.0))
    assert (outcome.alarm, outcome.ticket) == (None, None)
    assert desk.value("SELECT state FROM tickets") == "open"


def test_a_dismissed_ticket_is_not_opened_again_by_the_same_alarm_but_by_the_next(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    opened = desk.act(desk.predict(device_id))
    assert opened.ticket_id is not None
    with desk.database.transaction() as connection:
        tickets.cancel(connection, ticket_id=opened.ticket_id, reason="to be scrapped", who=WHO, now=NOW)
    assert desk.act(desk.predict(device_id, hours=1)).ticket is None
    desk.act(desk.predict(device_id, hours=2, risk=0.0))
    assert desk.act(desk.predict(device_id, hours=72)).ticket == "opened"


@pytest.mark.parametrize("code", [ClosureCode.CONFIRMED, ClosureCode.WORN])
def test_a_confirmed_fault_becomes_a_label_renews_the_component_and_consumes_the_part(
    desk: Desk, code: ClosureCode
) -> None:
    device_id = desk.add_device("d1")
    component = desk.device_model.failure_modes[0].component
    desk.rows(
        "INSERT INTO components (device_id, component, installed_at) VALUES (%s, %s, '2025-01-01Z')",
        device_id,
        component,
    )
    receive(desk, 2)
    opened = desk.act(desk.predict(device_id))
    assert opened.ticket_id is not None
    resolve(desk, opened.ticket_id)
    assert desk.act(desk.predict(device_id, hours=1)).ticket is None, "a resolved ticket answers the alarm"
    close(desk, opened.ticket_id, code)
    assert desk.rows("SELECT ts, kind, code, component, detail FROM device_events") == [
        (NOW, "maintenance", code, component, {"ticket": opened.ticket_id, "failure_mode": desk.failure_mode})
    ]
    assert desk.rows("SELECT installed_at, removed_at, replaced_by_ticket FROM components ORDER BY component_id") == [
        (datetime(2025, 1, 1, tzinfo=UTC), NOW, opened.ticket_id),
        (NOW, None, None),
    ]
    assert desk.rows("SELECT on_hand, allocated FROM part_stock") == [(1, 0)]
    assert desk.value("SELECT active FROM alarms") is False
    assert desk.value("SELECT closure_code FROM tickets") == code
    desk.check_ledgers()
    before = desk.act(desk.predict(device_id, hours=2))
    assert (before.alarm, before.ticket) == (None, None), "the old component's readings say nothing of the new one"
    assert desk.act(desk.predict(device_id, hours=100)).ticket == "opened"


def test_no_fault_found_releases_the_part_ends_no_life_and_asks_for_no_second_visit(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    receive(desk, 1)
    opened = desk.act(desk.predict(device_id))
    assert opened.ticket_id is not None
    resolve(desk, opened.ticket_id)
    close(desk, opened.ticket_id, ClosureCode.NO_FAULT_FOUND)
    assert desk.rows("SELECT kind, code FROM device_events") == [("log", "no_fault_found")]
    assert desk.rows("SELECT * FROM components") == []
    assert reservations(desk) == [(opened.ticket_id, "released")]
    again = desk.act(desk.predict(device_id, hours=50))
    assert (again.alarm, again.ticket) == (AlarmChange.REPEATED, None)
    desk.check_ledgers()


def test_a_part_is_free_again_when_something_else_was_exchanged(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    receive(desk, 1)
    opened = desk.act(desk.predict(device_id))
    assert opened.ticket_id is not None
    resolve(desk, opened.ticket_id)
    close(desk, opened.ticket_id, ClosureCode.NO_FAULT_FOUND, replaced=["fan"])
    assert reservations(desk) == [(opened.ticket_id, "released")]
    desk.check_ledgers()


def test_closing_refuses_what_cannot_be(desk: Desk) -> None:
    opened = desk.act(desk.predict(desk.add_device("d1")))
    assert opened.ticket_id is not None
    with pytest.raises(ConflictError, match="is open and cannot become closed"):
        close(desk, opened.ticket_id, ClosureCode.CONFIRMED)
    resolve(desk, opened.ticket_id)
    with pytest.raises(InvalidInputError, match="no component 'flux'"):
        close(desk, opened.ticket_id, ClosureCode.OTHER, replaced=["flux"])
    with pytest.raises(InvalidInputError, match="lies in the future"):
        close(desk, opened.ticket_id, ClosureCode.OTHER, worked_at=NOW + timedelta(days=1))
    with pytest.raises(NotFoundError, match="ticket 99 does not exist"):
        close(desk, 99, ClosureCode.CONFIRMED)
    assert desk.value("SELECT state FROM tickets") == "resolved"


def test_a_cancelled_ticket_takes_no_closure_code_and_no_second_cancellation(desk: Desk) -> None:
    opened = desk.act(desk.predict(desk.add_device("d1")))
    assert opened.ticket_id is not None
    with desk.database.transaction() as connection:
        with pytest.raises(InvalidInputError, match="say why"):
            tickets.cancel(connection, ticket_id=opened.ticket_id, reason=" ", who=WHO, now=NOW)
        tickets.cancel(connection, ticket_id=opened.ticket_id, reason="moved", who=WHO, now=NOW)
    with pytest.raises(ConflictError, match="is cancelled"), desk.database.transaction() as connection:
        tickets.cancel(connection, ticket_id=opened.ticket_id, reason="moved", who=WHO, now=NOW)
    with pytest.raises(ConflictError, match="is cancelled"):
        close(desk, opened.ticket_id, ClosureCode.CONFIRMED)


def test_who_saw_an_older_version_does_not_win(desk: Desk) -> None:
    opened = desk.act(desk.predict(desk.add_device("d1")))
    assert opened.ticket_id is not None
    with desk.database.transaction() as connection:
        tickets.plan(connection, ticket_id=opened.ticket_id, planned_for=NOW, who="anna", now=NOW, version=1)
    with pytest.raises(ConflictError, match="someone else"), desk.database.transaction() as connection:
        tickets.start(connection, ticket_id=opened.ticket_id, who="ben", now=NOW, version=1)


def test_many_processes_with_the_same_prediction_open_one_ticket(desk: Desk) -> None:
    receive(desk, 3)
    recorded = desk.predict(desk.add_device("d1"))
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(
            pool.map(
                lambda _: act_on_predictions(desk.database, desk.device_model, [recorded], now=NOW)[0].ticket, range(8)
            )
        )
    assert sorted(filter(None, outcomes)) == ["opened"]
    assert desk.rows("SELECT count(*) FROM tickets UNION ALL SELECT sum(count)::bigint FROM alarms") == [(1,), (1,)]
    desk.check_ledgers()


def test_predictions_without_anything_to_change_are_settled_together(desk: Desk) -> None:
    names = [f"d{number}" for number in range(4)]
    devices = {name: desk.add_device(name) for name in names}
    raised = desk.act(desk.predict(devices["d0"]))
    quiet = [desk.predict(devices[name], hours=1, risk=0.1) for name in names]
    held = desk.predict(devices["d3"], hours=2, risk=0.4)

    outcomes = act_on_predictions(desk.database, desk.device_model, [*quiet[:3], held], now=NOW)

    assert [outcome.ticket for outcome in outcomes] == ["cancelled", None, None, None]
    assert outcomes[0].ticket_id == raised.ticket_id
    assert desk.rows("SELECT count(*) FROM predictions WHERE acted_at IS NULL") == [(0,)]
    assert desk.rows("SELECT count(*) FROM alarms WHERE active") == [(0,)]


def test_what_another_process_is_raising_is_not_settled_with_the_others(desk: Desk) -> None:
    devices = [desk.add_device(name) for name in ("d1", "d2")]
    urgent = desk.predict(devices[0])
    quiet = [desk.predict(device, hours=1, risk=0.1) for device in devices]
    with desk.database.transaction() as busy:
        act_on_prediction(busy, desk.device_model, urgent, NOW)
        with desk.database.transaction() as connection:
            settled = predictions.mark_uneventful(connection, quiet, at=NOW)
    assert settled == {quiet[1].prediction_id}

    outcomes = act_on_predictions(desk.database, desk.device_model, quiet, now=NOW)

    assert outcomes[0].ticket == "cancelled"
    assert desk.rows("SELECT count(*) FROM alarms WHERE active") == [(0,)]


def test_a_visit_is_moved_to_another_time_and_each_plan_is_told(desk: Desk) -> None:
    opened = desk.act(desk.predict(desk.add_device("d1")))
    assert opened.ticket_id is not None
    for day in (1, 2):
        with desk.database.transaction() as connection:
            moved = tickets.plan(
                connection, ticket_id=opened.ticket_id, planned_for=NOW + timedelta(days=day), who=WHO, now=NOW
            )

    assert (moved.state, moved.planned_for, moved.version) == ("planned", NOW + timedelta(days=2), 3)
    assert desk.value("SELECT count(*) FROM ticket_events WHERE what = 'planned'") == 2
