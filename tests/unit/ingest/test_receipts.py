import pytest

from ingest.message import make_delivery
from ingest.receipts import Receipts
from ingest.wakeup import Wakeup


@pytest.fixture
def stale():
    return []


@pytest.fixture
def receipts(stale):
    return Receipts(note_stale=stale.append)


def test_each_connection_fetches_its_own_in_their_order(receipts, stale):
    first, second = receipts.open(Wakeup()), receipts.open(Wakeup())
    receipts.put([make_delivery(first, 7), make_delivery(second, 7), make_delivery(first, 5)])
    receipts.put([make_delivery(first, 6)])

    assert receipts.take(first) == [7, 5, 6]
    assert receipts.take(first) == []
    assert receipts.take(second) == [7]
    assert stale == []


def test_what_belongs_to_a_connection_that_is_closed_is_counted(receipts, stale):
    lost, kept = receipts.open(Wakeup()), receipts.open(Wakeup())
    receipts.put([make_delivery(lost, 1), make_delivery(lost, 2)])
    receipts.close(lost)
    receipts.put([make_delivery(lost, 3), make_delivery(kept, 1)])

    assert stale == [2, 1]
    assert receipts.take(kept) == [1]
    assert receipts.open(Wakeup()) not in (lost, kept), "no number is used twice"


def test_whoever_has_something_to_fetch_is_woken(receipts):
    woken, asleep = Wakeup(), Wakeup()
    number, _ = receipts.open(woken), receipts.open(asleep)
    receipts.put([make_delivery(number, 1)])

    assert is_set(woken)
    assert not is_set(asleep)


def is_set(wakeup):
    try:
        return bool(wakeup._reader.recv(1))
    except BlockingIOError:
        return False
