"""People are told by a real channel of Apprise's, not in their quiet hours, and others when nobody acknowledges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from alerts import escalation, lifecycle, receivers
from alerts.personal import change_person, remove_person
from domain.alarm import AlarmSource, Occurrence, Severity
from domain.delivery import EscalationPolicy, EscalationStep, Person, QuietHours, Receiver, Subscription
from domain.errors import ConflictError, InvalidInputError, NotFoundError
from store import deliveries, outbox
from store import receivers as stored

from .receiving import Receiving, receiving
from .test_webhooks import dispatching, look, sped_up, tell, wait_for

if TYPE_CHECKING:
    from .conftest import Desk

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALICE = Person("alice", "Europe/Berlin", ("ops",))


@pytest.fixture
def phone() -> Iterator[Receiving]:
    with receiving() as state:
        yield state


def make_known(desk: Desk, person: Person) -> None:
    with desk.database.transaction() as connection:
        change_person(connection, person, who="test", now=NOW)


def add_channel(desk: Desk, phone: Receiving, person: str = "alice", **options: Subscription) -> Receiver:
    with desk.database.transaction() as connection:
        address = f"json://127.0.0.1:{phone.port}/"
        return receivers.add_channel(
            connection, person=person, name="phone", address=address, local=True, who="test", now=NOW, **options
        )


def test_several_changes_are_one_message_and_the_most_urgent_gives_its_kind(
    desk: Desk, database_url: str, phone: Receiving
) -> None:
    make_known(desk, ALICE)
    add_channel(desk, phone)
    tell(desk, 1, severity="MINOR")
    tell(desk, 2, severity="CRITICAL")
    tell(desk, 2, change="acknowledged")
    with dispatching(database_url):
        assert wait_for(lambda: bool(phone.taken))
    [message] = phone.taken
    assert message["title"] == "Aftercare: 2 changes, up to CRITICAL"
    assert message["type"] == "failure"
    assert "MINOR d1: raised. too hot" in message["message"]
    assert look(desk, "alice/phone").delivered == 2


def test_a_channel_that_does_not_answer_is_tried_again(desk: Desk, database_url: str, phone: Receiving) -> None:
    make_known(desk, ALICE)
    add_channel(desk, phone)
    phone.behaviour = lambda *_: 500
    tell(desk, 1)
    with dispatching(database_url, sped_up()):
        assert wait_for(lambda: look(desk, "alice/phone").failures > 0)
        phone.behaviour = lambda *_: 200
        assert wait_for(lambda: look(desk, "alice/phone").delivered == 1)


def test_in_quiet_hours_only_what_is_critical_passes_with_what_led_to_it(
    desk: Desk, database_url: str, phone: Receiving
) -> None:
    now = datetime.now(UTC)
    quiet = QuietHours(time((now - timedelta(hours=2)).hour), time((now + timedelta(hours=2)).hour))
    make_known(desk, replace(ALICE, time_zone="UTC", quiet_hours=quiet))
    add_channel(desk, phone)
    tell(desk, 1, 2, severity="MINOR")
    with dispatching(database_url):
        assert wait_for(
            lambda: bool(desk.rows("SELECT 1 FROM deliveries WHERE due_at > now() + interval '10 minutes'"))
        )
        tell(desk, 2, change="escalated", severity="CRITICAL")
        assert wait_for(lambda: bool(phone.taken))
    [message] = phone.taken
    assert "MINOR d2: raised" in message["message"]
    assert "d1" not in message["message"]
    [(waiting, due_at)] = desk.rows("SELECT subject_id, due_at FROM deliveries")
    assert waiting == 1
    assert due_at.hour == quiet.end.hour


def test_a_channel_that_cannot_be_is_refused(desk: Desk) -> None:
    with desk.database.transaction() as connection, pytest.raises(NotFoundError, match="nobody is called"):
        receivers.add_channel(
            connection, person="nobody", name="p", address="json://example.com", local=True, who="test", now=NOW
        )
    make_known(desk, ALICE)
    for address, words in (("bogus://x", "says Apprise nothing"), ("json://127.0.0.1/x", "AFTERCARE_LOCAL_RECEIVERS")):
        with desk.database.transaction() as connection, pytest.raises(InvalidInputError, match=words):
            receivers.add_channel(
                connection, person="alice", name="p", address=address, local=False, who="test", now=NOW
            )
    with pytest.raises(InvalidInputError, match="time zone"):
        make_known(desk, replace(ALICE, time_zone="Mars/Olympus"))


def test_a_person_who_is_removed_takes_their_channels_along(desk: Desk, phone: Receiving) -> None:
    make_known(desk, ALICE)
    add_channel(desk, phone)
    with pytest.raises(ConflictError, match="named"):
        add_channel(desk, phone)
    with desk.database.transaction() as connection:
        remove_person(connection, "alice", who="test", now=NOW)
        assert stored.list_receivers(connection) == []


class Night:
    """One alarm, and a policy that calls alice after 10 minutes and the group after 30."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        for person in (ALICE, Person("bob", groups=("ops",)), Person("carol")):
            make_known(desk, person)
        steps = [EscalationStep(10 * MINUTE, ("alice",)), EscalationStep(30 * MINUTE, ("@ops",))]
        policy = EscalationPolicy("night", Subscription(severities=("CRITICAL", "MAJOR")), steps, NOW)
        with desk.database.transaction() as connection:
            escalation.put_policy(connection, policy, who="test", now=NOW)
        self.device_id = desk.add_device("d1")

    def raise_alarm(self, severity: Severity = Severity.MAJOR, after: timedelta = timedelta(0)) -> int:
        with self.desk.database.transaction() as connection:
            return lifecycle.raise_alarm(
                connection,
                Occurrence(
                    device_id=self.device_id,
                    alarm_type="limit:t50",
                    severity=severity,
                    source=AlarmSource.RULE,
                    message="too hot",
                ),
                now=NOW + after,
            ).alarm.alarm_id

    def calls(self, after: timedelta) -> list[list[str]]:
        """Whom the escalation has called until then, one list for each step."""
        with self.desk.database.transaction() as connection:
            outbox.number_feed(connection)
        escalation.escalate(self.desk.database, NOW + after)
        with self.desk.database.transaction() as connection:
            outbox.number_feed(connection)
            changes = deliveries.read_changes(connection, after=0, limit=100)
        return [list(change.change.calls) for change in changes if change.change.change == "unacknowledged"]


@pytest.fixture
def night(desk: Desk) -> Night:
    return Night(desk)


def test_the_next_is_called_while_nobody_acknowledges(night: Night) -> None:
    night.raise_alarm()
    assert night.calls(9 * MINUTE) == []
    assert night.calls(10 * MINUTE) == [["alice"]]
    assert night.calls(11 * MINUTE) == [["alice"]]
    assert night.calls(31 * MINUTE) == [["alice"], ["alice", "bob"]]
    assert night.calls(99 * MINUTE) == [["alice"], ["alice", "bob"]]


def test_an_acknowledgement_ends_it_and_an_escalation_of_the_alarm_begins_anew(night: Night) -> None:
    alarm_id = night.raise_alarm()
    assert night.calls(12 * MINUTE) == [["alice"]]
    with night.desk.database.transaction() as connection:
        lifecycle.acknowledge(connection, alarm_id=alarm_id, who="alice", now=NOW + 13 * MINUTE)
    assert night.calls(60 * MINUTE) == [["alice"]]
    night.raise_alarm(Severity.CRITICAL, after=70 * MINUTE)
    assert night.calls(79 * MINUTE) == [["alice"]]
    assert night.calls(80 * MINUTE) == [["alice"], ["alice"]]


def test_what_is_cleared_or_not_asked_for_calls_nobody(night: Night) -> None:
    night.raise_alarm(Severity.WARNING)
    assert night.calls(99 * MINUTE) == []
    alarm_id = night.raise_alarm(after=100 * MINUTE)
    with night.desk.database.transaction() as connection:
        lifecycle.clear(connection, alarm_id=alarm_id, who="test", now=NOW + 105 * MINUTE)
    assert night.calls(200 * MINUTE) == []


def test_a_shelved_alarm_waits_until_it_is_in_sight_again(night: Night) -> None:
    alarm_id = night.raise_alarm()
    with night.desk.database.transaction() as connection:
        lifecycle.shelve(connection, alarm_id=alarm_id, until=NOW + 60 * MINUTE, who="test", now=NOW)
    assert night.calls(59 * MINUTE) == []
    assert night.calls(60 * MINUTE) == [["alice"]]


def test_a_deferred_alarm_calls_nobody_until_it_is_resumed(night: Night) -> None:
    alarm_id = night.raise_alarm()
    for minutes, deferred in ((5, True), (50, False)):
        with night.desk.database.transaction() as connection:
            now = NOW + minutes * MINUTE
            lifecycle.defer(connection, alarm_id=alarm_id, deferred=deferred, now=now, reason="")
        assert night.calls((minutes + 9) * MINUTE) == []
    assert night.calls(60 * MINUTE) == [["alice"]]


def test_who_is_called_is_told_whatever_they_subscribed_to(night: Night, database_url: str, phone: Receiving) -> None:
    add_channel(night.desk, phone, subscription=Subscription(severities=("CRITICAL",), changes=("raised",)))
    with receiving() as others:
        add_channel(night.desk, others, "carol", subscription=Subscription(severities=("CRITICAL",)))
        night.raise_alarm()
        night.calls(10 * MINUTE)
        with dispatching(database_url):
            assert wait_for(lambda: bool(phone.taken))
        assert others.taken == []
    assert phone.taken[0]["title"] == "MAJOR d1: nobody has acknowledged it"


@pytest.mark.parametrize("steps", [[], [(10, "nobody")], [(10, "@none")], [(20, "alice"), (10, "bob")]])
def test_steps_that_cannot_be_are_refused(night: Night, steps: list[tuple[int, str]]) -> None:
    made = [EscalationStep(minutes * MINUTE, (call,)) for minutes, call in steps]
    with night.desk.database.transaction() as connection, pytest.raises(InvalidInputError, match="step"):
        escalation.put_policy(connection, EscalationPolicy("p", Subscription(), made, NOW), who="test", now=NOW)
