"""The life of an alarm on the real database."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from alerts import lifecycle
from domain.alarm import AlarmChange, AlarmSource, Occurrence, Severity
from domain.errors import ConflictError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from .conftest import Desk

NOW = datetime(2026, 1, 3, tzinfo=UTC)
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def hot(device_id: int, severity: Severity = Severity.MINOR) -> Occurrence:
    return Occurrence("limit:t50", severity, AlarmSource.RULE, "too hot", device_id=device_id)


def raise_alarm(desk: Desk, device_id: int, severity: Severity = Severity.MINOR) -> lifecycle.Raised:
    with desk.database.transaction() as connection:
        return lifecycle.raise_alarm(connection, hot(device_id, severity), now=NOW)


def feed(desk: Desk) -> list[str]:
    return [change for (change,) in desk.rows("SELECT payload ->> 'change' FROM outbox ORDER BY outbox_id")]


def test_an_alarm_is_raised_once_repeats_quietly_and_escalates_only_upwards(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    changes = [
        raise_alarm(desk, device_id, severity).change
        for severity in (Severity.MINOR, Severity.MINOR, Severity.CRITICAL, Severity.MAJOR)
    ]
    assert changes == ["raised", "repeated", "escalated", "repeated"]
    assert desk.rows("SELECT severity, count FROM alarms") == [("CRITICAL", 4)]
    assert feed(desk) == ["raised", "escalated"]
    assert desk.rows("SELECT action, who FROM audit_log ORDER BY audit_id") == [
        ("raised", "aftercare"),
        ("escalated", "aftercare"),
    ]


def test_a_thousand_times_at_once_is_one_alarm(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    with ThreadPoolExecutor(8) as pool:
        changes = list(pool.map(lambda _: raise_alarm(desk, device_id).change, range(200)))
    assert changes.count(AlarmChange.RAISED) == 1
    assert desk.rows("SELECT count FROM alarms") == [(200,)]
    assert feed(desk) == ["raised"]


@pytest.mark.parametrize("again", ["raised", "cleared"])
def test_two_that_change_the_same_alarms_in_opposite_orders_wait_for_each_other_in_one(desk: Desk, again: str) -> None:
    device_ids = [desk.add_device(f"d{number}") for number in range(9)]
    for device_id in device_ids:
        raise_alarm(desk, device_id)

    def change(order: list[int]) -> None:
        with desk.database.transaction() as connection:  # once: a deadlock is a failure here
            if again == "raised":
                lifecycle.raise_alarms(connection, [hot(device_id) for device_id in order], now=NOW)
            else:
                endings = [lifecycle.Ending(device_id, "limit:t50", "") for device_id in order]
                lifecycle.clear_types(connection, endings, who="anna", now=NOW)

    with ThreadPoolExecutor(2) as pool:
        with desk.database.transaction() as connection:
            connection.execute("SELECT FROM alarms WHERE device_id = %s FOR UPDATE", (device_ids[4],))
            both = [pool.submit(change, order) for order in (device_ids, device_ids[::-1])]
            deadline = time.monotonic() + 10
            while desk.value(WAITING) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert desk.value(WAITING) == 2
        for one in both:
            one.result(10)
    assert {count for (count,) in desk.rows("SELECT count FROM alarms")} == {3 if again == "raised" else 1}


def test_several_at_once_are_raised_escalated_counted_and_cleared_each_by_itself(desk: Desk) -> None:
    new, urgent, known, gone = (desk.add_device(name) for name in ("d1", "d2", "d3", "d4"))
    for device_id in (urgent, known):
        raise_alarm(desk, device_id)
    with desk.database.transaction() as connection:
        occurrences = [hot(known), hot(urgent, Severity.MAJOR), hot(new)]
        raised = lifecycle.raise_alarms(connection, occurrences, now=NOW)
        endings = [lifecycle.Ending(device_id, "limit:t50", f"as {device_id} cooled down") for device_id in (new, gone)]
        cleared = lifecycle.clear_types(connection, endings, who="anna", now=NOW)
    assert [(one.alarm.device, one.change) for one in raised] == [
        ("d3", "repeated"),
        ("d2", "escalated"),
        ("d1", "raised"),
    ]
    assert [alarm.device for alarm in cleared] == ["d1"]
    assert feed(desk)[2:] == ["escalated", "raised", "cleared"]
    assert desk.rows("SELECT who, action, detail ->> 'reason' FROM audit_log ORDER BY audit_id")[2:] == [
        ("aftercare", "escalated", ""),
        ("aftercare", "raised", ""),
        ("anna", "cleared", f"as {new} cooled down"),
    ]


def test_a_cleared_alarm_can_be_raised_anew(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    first = raise_alarm(desk, device_id).alarm
    with desk.database.transaction() as connection:
        cleared = lifecycle.clear(connection, alarm_id=first.alarm_id, who="anna", now=NOW, reason="cooled down")
    assert (cleared.active, cleared.cleared_at) == (False, NOW)
    assert raise_alarm(desk, device_id).alarm.alarm_id != first.alarm_id
    with pytest.raises(ConflictError, match="was cleared at"), desk.database.transaction() as connection:
        lifecycle.clear(connection, alarm_id=first.alarm_id, who="ben", now=NOW)


def test_the_first_acknowledgement_stands_and_an_escalation_asks_for_another(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    alarm_id = raise_alarm(desk, device_id).alarm.alarm_id
    for who in ("anna", "ben"):
        with desk.database.transaction() as connection:
            alarm = lifecycle.acknowledge(connection, alarm_id=alarm_id, who=who, now=NOW)
        assert (alarm.acknowledged, alarm.ack_by) == (True, "anna")
    assert feed(desk) == ["raised", "acknowledged"]
    escalated = raise_alarm(desk, device_id, Severity.MAJOR).alarm
    assert (escalated.acknowledged, escalated.ack_by) == (False, None)


def test_an_alarm_is_shelved_until_a_later_time(desk: Desk) -> None:
    alarm_id = raise_alarm(desk, desk.add_device("d1")).alarm.alarm_id
    until = NOW + timedelta(days=1)
    for _ in range(2):
        with desk.database.transaction() as connection:
            alarm = lifecycle.shelve(connection, alarm_id=alarm_id, until=until, who="anna", now=NOW)
        assert alarm.shelved_until == until
    assert feed(desk) == ["raised", "shelved"]
    with pytest.raises(InvalidInputError, match="later time"), desk.database.transaction() as connection:
        lifecycle.shelve(connection, alarm_id=alarm_id, until=NOW, who="anna", now=NOW)
    with desk.database.transaction() as connection:
        lifecycle.clear(connection, alarm_id=alarm_id, who="anna", now=NOW)
        with pytest.raises(ConflictError, match="only an active alarm"):
            lifecycle.shelve(connection, alarm_id=alarm_id, until=until + timedelta(1), who="anna", now=NOW)


def test_an_alarm_that_is_not_there_is_named(desk: Desk) -> None:
    with desk.database.transaction() as connection, pytest.raises(NotFoundError, match="alarm 404 does not exist"):
        lifecycle.acknowledge(connection, alarm_id=404, who="anna", now=NOW)
