"""Slots of ingest replicas: who holds one, and what is left when nobody does."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from store import ingest_slots, presence
from store.database import connect

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def replica(database_url):
    """Connections as replicas have them, one each."""
    opened = []

    def open_one():
        opened.append(connect(database_url, autocommit=True))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


def held(connection, group=None):
    return {(slot.group, slot.number): slot.held for slot in ingest_slots.slots(connection, group)}


def test_one_process_holds_a_slot_until_it_lets_go(replica):
    one, two = replica(), replica()

    assert ingest_slots.hold(one, "ingest", 1, "one")
    assert not ingest_slots.hold(two, "ingest", 1, "two")
    assert ingest_slots.hold(two, "other", 1, "two"), "another group has slots of its own"
    assert held(two) == {("ingest", 1): True, ("other", 1): True}

    ingest_slots.let_go(one, "ingest", 1)
    assert held(two, "ingest") == {("ingest", 1): False}
    assert ingest_slots.hold(two, "ingest", 1, "two")
    assert [slot.held_by for slot in ingest_slots.slots(one, "ingest")] == ["two"]


def test_a_connection_that_ends_holds_nothing(replica, database_url):
    with closing(connect(database_url, autocommit=True)) as lost:
        ingest_slots.watch_line(lost)
        assert ingest_slots.hold(lost, "ingest", 1, "lost")
    other = replica()
    deadline = datetime.now(UTC) + timedelta(seconds=5)
    while held(other) != {("ingest", 1): False}:
        assert datetime.now(UTC) < deadline


def test_many_slots_and_groups_are_told_apart_in_the_lock_table(replica):
    one = replica()
    for number in range(1, 101):
        assert ingest_slots.hold(one, f"g{number % 7}", number, "one")
    ingest_slots.let_go(one, "g3", 3)

    assert [key for key, is_held in held(replica()).items() if not is_held] == [("g3", 3)]


def test_a_removed_slot_takes_its_heartbeat_along(replica):
    one = replica()
    for session in ("aftercare-ingest-1", "aftercare-ingest-2"):
        presence.beat(one, session, stored_until=NOON, session_expiry=timedelta(days=7))
    presence.beat(one, "aftercare-ingest-2", stored_until=NOON + timedelta(hours=1), session_expiry=timedelta(days=7))
    assert ingest_slots.hold(one, "ingest", 1, "one")
    assert presence.listening(one).until == NOON, "silence is not judged past what the lost one has stored"

    ingest_slots.remove(one, "ingest", 1, "aftercare-ingest-1")

    assert held(one) == {}
    assert presence.listening(one).until == NOON + timedelta(hours=1)
