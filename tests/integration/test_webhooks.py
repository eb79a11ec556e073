"""Webhooks from the outbox on a real HTTP server: in order, at least once, each receiver at its own pace."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry

from alerts import receivers
from alerts.dispatch import DispatchSettings, dispatch
from alerts.dispatch_metrics import DispatchMetrics
from domain.clock import Clock, ScaledClock, system_clock
from domain.delivery import Receiver, ReceiverState, Subscription
from store import deliveries, outbox
from store import receivers as stored
from store.database import Database

from .receiving import Receiving, is_signed, receiving

if TYPE_CHECKING:
    from .conftest import Desk

START = datetime(2026, 1, 3, tzinfo=UTC)
EVERYTHING = Subscription(kinds=("alarm", "ticket"))


@pytest.fixture
def receiver() -> Iterator[Receiving]:
    with receiving() as state:
        yield state


@pytest.fixture
def other() -> Iterator[Receiving]:
    with receiving() as state:
        yield state


def tell(desk: Desk, *alarm_ids: int, change: str = "raised", severity: str = "MAJOR", kind: str = "alarm") -> None:
    """Write changes into the outbox, in this order."""
    with desk.database.transaction() as connection:
        for alarm_id in alarm_ids:
            payload = {"change": change, "severity": severity, "device": f"d{alarm_id}", "message": "too hot"}
            outbox.append(
                connection, kind=kind, subject_id=alarm_id, device_id=None, payload=payload, at=system_clock()
            )


def add(desk: Desk, state: Receiving, name: str = "hook", subscription: Subscription = EVERYTHING) -> str:
    """The new webhook's secret."""
    with desk.database.transaction() as connection:
        return receivers.add_webhook(
            connection,
            name=name,
            url=state.url,
            subscription=subscription,
            local=True,
            who="test",
            now=system_clock(),
        ).secret


def look(desk: Desk, name: str = "hook") -> Receiver:
    with desk.database.transaction() as connection:
        return next(found for found in stored.list_receivers(connection) if found.name == name)


@contextmanager
def dispatching(url: str, clock: Clock = system_clock, **settings: Any) -> Iterator[DispatchMetrics]:
    stop = threading.Event()
    with Database(url, max_size=6) as database:
        metrics = DispatchMetrics(database, CollectorRegistry())
        keywords = {
            "clock": clock,
            "stop": stop,
            "metrics": metrics,
            "settings": DispatchSettings(local=True, **settings),
        }
        thread = threading.Thread(target=dispatch, args=(database,), kwargs=keywords)
        thread.start()
        try:
            yield metrics
        finally:
            stop.set()
            thread.join(20)
    assert not thread.is_alive()


def sped_up() -> ScaledClock:
    """A minute of back-off passes in half a second."""
    return ScaledClock(datetime.now(UTC), time.time(), 120.0)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return met


def test_changes_arrive_signed_as_cloud_events_and_in_order(desk: Desk, database_url: str, receiver: Receiving) -> None:
    tell(desk, 99)
    secret = add(desk, receiver)
    tell(desk, 1, 2, 1)
    with dispatching(database_url):
        assert wait_for(lambda: len(receiver.taken) == 3)
        tell(desk, 1, change="cleared")
        assert wait_for(lambda: len(receiver.taken) == 4)
    assert receiver.changes("alarms/99") == [], "what happened before it was added"
    assert receiver.changes("alarms/1") == sorted(receiver.changes("alarms/1"))
    headers, body = receiver.asked[-1]
    assert is_signed(headers, body, secret)
    assert not is_signed(headers, body + b" ", secret)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    event = json.loads(body)
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert (event["specversion"], event["type"], event["subject"]) == ("1.0", "aftercare.alarm.cleared", "alarms/1")
    assert event["id"] == headers["webhook-id"]
    assert event["data"]["change"] == "cleared"
    assert look(desk).delivered == 4
    assert look(desk).waiting == 0


def test_a_subscription_lets_pass_what_it_names(desk: Desk, database_url: str, receiver: Receiving) -> None:
    add(desk, receiver, subscription=Subscription(severities=("CRITICAL",)))
    tell(desk, 1, 2)
    tell(desk, 3, kind="ticket")
    tell(desk, 4, severity="CRITICAL")
    with dispatching(database_url):
        assert wait_for(lambda: bool(receiver.taken))
    assert [event["subject"] for event in receiver.taken] == ["alarms/4"]


@pytest.mark.alone
def test_a_receiver_that_hangs_or_refuses_connections_delays_no_other(
    desk: Desk, database_url: str, receiver: Receiving, other: Receiving
) -> None:
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    released = threading.Event()
    receiver.behaviour = lambda *_: released.wait(30) and None
    add(desk, receiver, "hangs")
    add(desk, Receiving(port=closed.getsockname()[1]), "refuses")
    add(desk, other, "well")
    with dispatching(database_url):
        tell(desk, *range(1, 21))
        assert wait_for(lambda: len(other.taken) == 20, seconds=5)
        assert wait_for(lambda: look(desk, "refuses").failures > 0)
        released.set()
    closed.close()
    assert "Connect" in look(desk, "refuses").last_error
    assert look(desk, "refuses").next_try_at is not None


def garbage(handler: Any, _event: Any) -> None:
    handler.wfile.write(b"\x00\xff this is no HTTP\r\n\r\n" * 10)


def die(handler: Any, _event: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 2")
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (lambda *_: 500, "answered 500"),
        (lambda *_: 404, "answered 404"),
        (lambda *_: 302, "redirections are not followed"),
        (garbage, "RemoteProtocolError"),
        (die, "RemoteProtocolError"),
    ],
)
def test_a_receiver_that_is_not_well_gets_everything_in_order_later(
    desk: Desk, database_url: str, receiver: Receiving, behaviour: Any, reason: str
) -> None:
    receiver.behaviour = behaviour
    add(desk, receiver)
    tell(desk, 1, 2, 1, 3, 1)
    with dispatching(database_url, sped_up()):
        assert wait_for(lambda: look(desk).failures >= 2)
        assert reason in look(desk).last_error
        assert receiver.taken == []
        receiver.behaviour = lambda *_: 200
        assert wait_for(lambda: len(receiver.changes()) == 5)
        assert wait_for(lambda: look(desk).failures == 0)
    assert receiver.changes("alarms/1") == sorted(receiver.changes("alarms/1"))
    assert look(desk).last_error == ""


def test_what_is_gone_is_stopped_and_goes_on_when_it_is_resumed(
    desk: Desk, database_url: str, receiver: Receiving
) -> None:
    receiver.behaviour = lambda *_: 410
    add(desk, receiver)
    tell(desk, 1)
    with dispatching(database_url):
        assert wait_for(lambda: look(desk).state is ReceiverState.STOPPED)
        assert "410" in look(desk).last_error
        receiver.behaviour = lambda *_: 200
        tell(desk, 2)
        with desk.database.transaction() as connection:
            receivers.resume(connection, look(desk), who="test", now=system_clock())
        assert wait_for(lambda: len(receiver.changes()) == 2)


def test_who_fails_for_too_long_is_stopped(desk: Desk, database_url: str, receiver: Receiving) -> None:
    receiver.behaviour = lambda *_: 503
    add(desk, receiver)
    tell(desk, 1)
    with dispatching(database_url, sped_up(), give_up_after=timedelta(minutes=3)):
        assert wait_for(lambda: look(desk).state is ReceiverState.STOPPED)


def test_a_change_that_is_refused_holds_back_only_its_own_alarm_and_is_given_up(
    desk: Desk, database_url: str, receiver: Receiving
) -> None:
    refusing = threading.Event()
    refusing.set()
    first: list[str] = []

    def refuse(_handler: Any, event: Any) -> int:
        if event["subject"] == "alarms/1":
            first.append(event["id"])
        return 422 if event["id"] == first[0] and refusing.is_set() else 204

    add(desk, receiver)
    tell(desk, 1)
    receiver.behaviour = refuse
    clock = ScaledClock(datetime.now(UTC), time.time(), 600.0)
    with dispatching(database_url, clock):
        assert wait_for(lambda: bool(first))
        tell(desk, 1, 2, 3)
        assert wait_for(lambda: len(receiver.changes()) >= 2)
        assert receiver.changes("alarms/1") == [], "the later change overtook the one that was refused"
        assert wait_for(lambda: len(receiver.changes("alarms/1")) == 1)
    assert look(desk).failed == 1
    with desk.database.transaction() as connection:
        [failure] = deliveries.failed(connection, look(desk).receiver_id, limit=10)
        assert (failure.subject_id, failure.attempts, failure.last_error) == (1, 5, "it answered 422")
        resumed = receivers.resume(connection, look(desk), who="test", now=system_clock())
    assert (resumed.again, resumed.overtaken) == (0, 1), "a later change of the alarm is there already"


def test_of_two_processes_one_delivers_and_the_other_takes_over(
    desk: Desk, database_url: str, receiver: Receiving
) -> None:
    add(desk, receiver)
    with dispatching(database_url):
        tell(desk, *range(1, 11))
        assert wait_for(lambda: len(receiver.taken) == 10)
        with dispatching(database_url) as second:
            tell(desk, *range(11, 21))
            assert wait_for(lambda: len(receiver.taken) == 20)
            assert second._delivered.collect()[0].samples == []
    with dispatching(database_url):
        tell(desk, *range(21, 31))
        assert wait_for(lambda: len(receiver.taken) == 30)
    assert len(receiver.asked) == 30, "nothing was sent twice"


def test_a_process_that_is_killed_leaves_no_gap(
    desk: Desk, database_url: str, mqtt_url: str, receiver: Receiving
) -> None:
    receiver.behaviour = lambda *_: time.sleep(0.01) or 204
    add(desk, receiver)
    tell(desk, *[number % 7 for number in range(150)])
    environment = {**os.environ, "AFTERCARE_DATABASE_URL": database_url, "AFTERCARE_MQTT_URL": mqtt_url}
    environment["AFTERCARE_LOCAL_RECEIVERS"] = "true"
    process = subprocess.Popen([sys.executable, "-m", "aftercare", "deliver"], env=environment)
    assert wait_for(lambda: len(receiver.taken) >= 30, seconds=60)
    process.kill()
    process.wait()
    assert len(receiver.changes()) < 150, "it was killed too late to show anything"
    with dispatching(database_url):
        assert wait_for(lambda: len(receiver.changes()) == 150)
        assert wait_for(lambda: look(desk).waiting == 0)
    for number in range(7):
        came = receiver.changes(f"alarms/{number}")
        assert came == sorted(came)


def test_a_fault_with_one_receiver_is_told_and_leaves_the_others_alone(
    desk: Desk, database_url: str, receiver: Receiving, other: Receiving
) -> None:
    add(desk, receiver, "broken")
    add(desk, other, "well")
    broken = look(desk, "broken").receiver_id
    desk.rows("UPDATE receiver_secrets SET secret = 'whsec_x' WHERE receiver_id = %s", broken)
    tell(desk, 1)
    with dispatching(database_url):
        assert wait_for(lambda: len(other.taken) == 1)
        assert wait_for(lambda: "could not send it" in look(desk, "broken").last_error)


def test_a_defect_in_the_thread_that_hears_of_changes_ends_delivery_with_its_error(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_connection: object) -> int:
        raise ValueError("a defect of ours")

    monkeypatch.setattr(outbox, "number_feed", fail)
    with Database(database_url, max_size=6) as database, pytest.raises(ValueError, match="a defect of ours"):
        dispatch(
            database,
            clock=system_clock,
            stop=threading.Event(),
            metrics=DispatchMetrics(database, CollectorRegistry()),
            settings=DispatchSettings(),
        )


def test_during_a_rotation_both_secrets_verify(desk: Desk, database_url: str, receiver: Receiving) -> None:
    old = add(desk, receiver)
    with desk.database.transaction() as connection:
        new = receivers.rotate_secret(connection, look(desk), who="test", now=system_clock()).secret
    tell(desk, 1)
    with dispatching(database_url):
        assert wait_for(lambda: bool(receiver.taken))
    assert is_signed(*receiver.asked[0], old)
    assert is_signed(*receiver.asked[0], new)


def test_the_outbox_forgets_what_everybody_has_had(desk: Desk, database_url: str, receiver: Receiving) -> None:
    add(desk, receiver)
    tell(desk, 1, 2)
    before = system_clock() + timedelta(hours=1)
    with desk.database.transaction() as connection:
        assert deliveries.expire(connection, before=before, limit=100).changes == 0
    with dispatching(database_url):
        assert wait_for(lambda: len(receiver.taken) == 2)
    with desk.database.transaction() as connection:
        assert deliveries.expire(connection, before=before, limit=100) == deliveries.Expired(2, 0)
