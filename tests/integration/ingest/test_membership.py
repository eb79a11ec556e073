"""Which slots a replica holds after its connection to the database was cut while it takes over another's session."""

from datetime import timedelta
from functools import partial

import pytest

from ingest.membership import Membership
from ingest.metrics import IngestMetrics
from ingest.sessions import Sessions
from store import ingest_slots
from store.database import connect

GROUP = "g"


class Unguarded:
    """No guards at a broker that is not there."""

    def look(self, connection):
        pass


class Emptying:
    """A session that is being emptied all the time."""

    is_over = False

    def __init__(self, name):
        self.name = name

    def start(self, over):
        pass

    def stop_reading(self):
        pass


@pytest.fixture
def others(database_url):
    """What other processes hold, and a way to cut everybody else from the database."""
    with connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def membership(database_url, others):
    """Holds slot 2, and empties the session of slot 1."""
    ingest_slots.hold(others, GROUP, 1, "lost")
    membership = Membership(
        connect=partial(connect, database_url, autocommit=True),
        sessions=Sessions(None, GROUP, timedelta(days=1), 100),
        name="ours",
        takeover=timedelta(),
        adopt=Emptying,
        guards=Unguarded(),
        answered=lambda: None,
        metrics=IngestMetrics(lambda: 0),
    )
    membership.join()
    ingest_slots.let_go(others, GROUP, 1)
    membership._look()
    membership._look()
    yield membership
    membership._disconnect()


def cut(others, membership):
    others.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    membership._disconnect()


def holders(others):
    return {slot.number: (slot.held_by, slot.held) for slot in ingest_slots.slots(others, GROUP)}


def test_it_has_what_it_had_when_nobody_came_in_between(membership, others):
    assert membership.session == "aftercare-g-2"
    assert holders(others) == {1: ("ours", True), 2: ("ours", True)}

    cut(others, membership)
    assert holders(others) == {1: ("ours", False), 2: ("ours", False)}
    membership.doubt()
    assert membership.session is None
    membership._look()

    assert membership.session == "aftercare-g-2"
    assert holders(others) == {1: ("ours", True), 2: ("ours", True)}


def test_its_own_slot_is_never_the_one_that_it_empties(membership, others):
    cut(others, membership)
    ingest_slots.hold(others, GROUP, 2, "thief")
    membership._look()

    assert membership.session == "aftercare-g-3"
    assert holders(others) == {1: ("ours", True), 2: ("thief", True), 3: ("ours", True)}


def test_what_it_empties_may_be_anothers_afterwards(membership, others):
    cut(others, membership)
    ingest_slots.hold(others, GROUP, 1, "thief")
    membership._look()

    assert membership.session == "aftercare-g-2"
    assert holders(others) == {1: ("thief", True), 2: ("ours", True)}
