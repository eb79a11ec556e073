"""What the writer does when a write fails."""

from datetime import UTC, datetime

import pytest

from aftercare.wiring import load_catalog
from domain.errors import UnavailableError
from ingest.backoff import Backoff
from ingest.collector import BatchLimits
from ingest.inbox import Inbox
from ingest.message import Message, make_delivery
from ingest.metrics import IngestMetrics
from ingest.writer import BatchWriter

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class NoWait:
    """A back-off of nothing, so that no test waits."""

    def next(self):
        return 0.0

    def reset(self):
        pass


@pytest.fixture
def acknowledged():
    return []


@pytest.fixture
def inbox():
    return Inbox(lambda: None)


@pytest.fixture
def make_writer(inbox, acknowledged):
    def make(backoff: Backoff | NoWait):
        return BatchWriter(
            connect=lambda: pytest.fail("these tests write nothing"),
            catalog={"turbofan_fd001": load_catalog()["turbofan_fd001"]},
            inbox=inbox,
            acknowledge=acknowledged.extend,
            limits=BatchLimits(100, 0.0),
            births=None,
            metrics=IngestMetrics(lambda: 0),
            backoff=backoff,
        )

    return make


def put(inbox, count):
    for number in range(count):
        inbox.put([Message("devices/d/telemetry", str(number).encode(), NOON, make_delivery(1, number))])
    inbox.close()


def test_the_one_message_that_cannot_be_stored_is_found(make_writer, inbox, acknowledged, monkeypatch):
    written = []

    def write(self, incoming):
        if any(message.payload == b"5" and content.label != "database" for message, content in incoming):
            raise ValueError("no such thing")
        written.extend((message.payload, content.label) for message, content in incoming)

    monkeypatch.setattr(BatchWriter, "_write", write)
    put(inbox, 9)
    make_writer(NoWait()).run()

    assert [payload for payload, _ in written] == [str(number).encode() for number in range(9)]
    assert [payload for payload, label in written if label == "database"] == [b"5"]
    assert acknowledged == [make_delivery(1, number) for number in range(9)]


def test_a_lone_message_is_tried_twice_before_it_is_refused(make_writer, inbox, acknowledged, monkeypatch):
    attempts = []

    def write(self, incoming):
        attempts.append([content.label for _, content in incoming])
        if len(attempts) == 1:
            raise ValueError("its device was replaced under way")

    monkeypatch.setattr(BatchWriter, "_write", write)
    put(inbox, 1)
    make_writer(NoWait()).run()

    assert attempts == [["shape"], ["shape"]]
    assert acknowledged == [make_delivery(1, 0)]


def test_nothing_is_acknowledged_while_the_database_is_away(make_writer, inbox, acknowledged, monkeypatch):
    attempts = []

    def write(self, incoming):
        assert acknowledged == []
        attempts.append(len(incoming))
        if len(attempts) < 4:
            raise UnavailableError("away")

    monkeypatch.setattr(BatchWriter, "_write", write)
    put(inbox, 3)
    make_writer(NoWait()).run()

    assert attempts == [3, 3, 3, 3]
    assert len(acknowledged) == 3


def test_a_stop_gives_up_on_a_database_that_stays_away(make_writer, inbox, acknowledged, monkeypatch):
    def write(self, incoming):
        raise UnavailableError("away")

    monkeypatch.setattr(BatchWriter, "_write", write)
    put(inbox, 3)
    writer = make_writer(NoWait())
    writer.drain(-1.0)
    writer.run()

    assert acknowledged == []
