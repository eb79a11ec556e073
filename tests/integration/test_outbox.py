"""The feed: no reader skips a change that commits late, none is numbered twice, listeners survive a lost connection."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from store import outbox
from store.database import Connection, Database

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with Database(database_url) as database:
        yield database


def append(connection: Connection, subject_id: int) -> None:
    outbox.append(connection, kind="alarm", subject_id=subject_id, device_id=1, payload={"n": subject_id}, at=AT)


def number(database: Database) -> int:
    with database.transaction() as connection:
        return outbox.number_feed(connection)


def read(database: Database, after: int = 0) -> list[outbox.FeedEntry]:
    with database.transaction() as connection:
        return outbox.read_feed(connection, after=after, limit=1000)


def test_a_change_is_read_as_it_was_written(database: Database) -> None:
    with database.transaction() as connection:
        append(connection, 7)
    assert read(database) == []
    assert number(database) == 1
    [entry] = read(database)
    assert (entry.kind, entry.subject_id, entry.device_id, entry.payload, entry.at) == ("alarm", 7, 1, {"n": 7}, AT)
    assert number(database) == 0


def test_a_change_that_commits_late_comes_after_what_was_already_read(database: Database) -> None:
    with database.transaction() as slow:
        append(slow, 1)
        with database.transaction() as quick:
            append(quick, 2)
        number(database)
        [seen] = read(database)
        assert seen.subject_id == 2
    number(database)
    assert [entry.subject_id for entry in read(database, after=seen.feed_seq)] == [1]


def test_a_rolled_back_numbering_gives_no_number_twice(database: Database) -> None:
    with database.transaction() as connection:
        append(connection, 1)
    with database.transaction() as connection:
        outbox.number_feed(connection)
        connection.rollback()
    number(database)
    assert len(read(database)) == 1


def test_many_writers_and_numberers_lose_and_double_nothing(database: Database) -> None:
    read_so_far: list[outbox.FeedEntry] = []

    def write(subject_id: int) -> None:
        with database.transaction() as connection:
            append(connection, subject_id)
        number(database)

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(write, subject_id) for subject_id in range(120)]
        while not all(future.done() for future in done):
            read_so_far += read(database, read_so_far[-1].feed_seq if read_so_far else 0)
        for future in done:
            future.result()
    read_so_far += read(database, read_so_far[-1].feed_seq if read_so_far else 0)
    assert sorted(entry.subject_id for entry in read_so_far) == list(range(120))
    with database.transaction() as connection:
        assert outbox.latest_feed_seq(connection) == read_so_far[-1].feed_seq


def test_a_delivery_position_is_kept_and_begins_at_the_oldest_change(database: Database) -> None:
    with database.transaction() as connection:
        assert outbox.claim_delivery(connection, transport="mqtt", at=AT) == 0
        outbox.advance_delivery(connection, transport="mqtt", feed_seq=12, at=AT)
    with database.transaction() as connection:
        assert outbox.claim_delivery(connection, transport="mqtt", at=AT) == 12
        assert outbox.claim_delivery(connection, transport="other", at=AT) == 0


def test_a_listener_hears_a_commit_and_comes_back_after_a_lost_connection(
    database: Database, database_url: str
) -> None:
    heard = outbox.listen(database_url, "outbox", timeout=0.05)
    assert next(heard) is True
    assert next(heard) is False
    with database.transaction() as connection:
        append(connection, 1)
    assert any(next(heard) for _ in range(40))
    with psycopg.connect(database_url) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aftercare listen'"
        )
    assert any(next(heard) for _ in range(40)), "a reconnection counts as something new"
    heard.close()
