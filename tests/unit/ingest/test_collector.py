"""Batches that are decoded ahead of the writer."""

import pytest

from ingest.collector import BatchLimits, Collector
from ingest.inbox import Inbox
from ingest.message import Message
from ingest.message_reader import MessageReader

FOREVER = 3600.0


@pytest.fixture
def inbox():
    return Inbox(lambda: None)


@pytest.fixture
def make_collector(inbox):
    collectors = []

    def make(rows, reader=None):
        collectors.append(Collector(inbox, reader or MessageReader({}, {}), BatchLimits(rows, FOREVER)))
        collectors[-1].start()
        return collectors[-1]

    yield make
    inbox.close()
    for collector in collectors:
        collector.stop()


def messages(*numbers):
    return [Message("t", str(number).encode(), None) for number in numbers]


def payloads(batch):
    return [int(message.payload) for message, _ in batch]


def test_a_batch_is_full_at_its_rows_and_the_rest_follows_in_order(inbox, make_collector):
    inbox.put(messages(1, 2, 3))
    inbox.put(messages(4, 5))
    inbox.close()
    collector = make_collector(4)

    assert [payloads(collector.take()) for _ in range(3)] == [[1, 2, 3, 4], [5], []]


def test_who_is_in_a_hurry_waits_for_no_company(inbox, make_collector):
    inbox.put(messages(1))
    collector = make_collector(100)
    collector.hurry()
    inbox.put(messages(2))

    first = payloads(collector.take())
    assert first in ([1], [1, 2])


def test_what_breaks_the_reading_reaches_who_takes(inbox, make_collector, monkeypatch):
    def broken(message):
        raise RuntimeError("broken")

    reader = MessageReader({}, {})
    monkeypatch.setattr(reader, "read", broken)
    inbox.put(messages(1))
    collector = make_collector(1, reader)

    with pytest.raises(RuntimeError, match="broken"):
        collector.take()
