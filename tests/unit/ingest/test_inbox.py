"""The bounded queue between reading and writing."""

import threading
from datetime import UTC, datetime

from ingest.inbox import Inbox
from ingest.message import Message


def message(size=1, number=0):
    return Message(f"t/{number}", b"x" * size, datetime(2026, 1, 1, tzinfo=UTC))


def test_messages_leave_in_the_order_in_which_they_came():
    inbox = Inbox(lambda: None)
    for portion in ((0, 1, 2), (3,), (4, 5)):
        inbox.put([message(number=number) for number in portion])

    taken = [inbox.take(2) for _ in range(4)]

    assert [[one.topic for one in portion] for portion in taken] == [["t/0", "t/1"], ["t/2"], ["t/3"], ["t/4", "t/5"]]
    assert len(inbox) == 0


def test_room_is_bounded_by_messages_and_by_bytes():
    few, small = Inbox(lambda: None, max_messages=2), Inbox(lambda: None, max_bytes=10)

    few.put([message()])
    assert few.has_room
    few.put([message()])
    small.put([message(size=10)])

    assert not few.has_room
    assert not small.has_room


def test_whoever_waits_for_room_is_told_once_there_is_some():
    told = []
    inbox = Inbox(lambda: told.append(inbox.has_room), max_messages=2)
    inbox.put([message()])
    inbox.take(1)
    assert told == []

    inbox.put([message()])
    inbox.put([message()])
    inbox.take(1)

    assert told == [True]


def test_closing_wakes_who_waits_and_leaves_what_is_there():
    inbox = Inbox(lambda: None)
    inbox.put([message()])
    inbox.close()
    assert len(inbox.take(10)) == 1

    taken = []
    waiting = threading.Thread(target=lambda: taken.append(inbox.take(10)))
    waiting.start()
    waiting.join(5)

    assert taken == [[]]


def test_nothing_within_the_timeout_is_nothing():
    assert Inbox(lambda: None).take(1, timeout=0.01) == []
