"""The feed over real HTTP: live, resumed without gap or double, and cut when nobody reads."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

import aftercare.event_stream
import alerts.feed
from aftercare.access import COOKIE
from store import outbox

from .conftest import session_of

FEED = "/api/v1/feed"


class Listener:
    """Reads a stream in a thread of its own and keeps (id, event, data)."""

    def __init__(self, response: httpx.Response) -> None:
        self.events: list[tuple[int, str, str]] = []
        self.ended = threading.Event()
        self._response = response
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, count: int, seconds: float = 30) -> list[int]:
        deadline = time.monotonic() + seconds
        while len(self.events) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        return [event_id for event_id, _, _ in self.events]

    def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            for line in self._response.iter_lines():
                name, _, value = line.partition(": ")
                if line:
                    fields[name] = f"{fields[name]}\n{value}" if name in fields else value
                elif "data" in fields:
                    self.events.append((int(fields["id"]), fields["event"], fields["data"]))
                    fields = {}
                else:
                    fields = {}
        except httpx.HTTPError:
            pass
        finally:
            self.ended.set()


@contextmanager
def listening(site: Any, path: str = FEED, **headers: str) -> Iterator[Listener]:
    with site.client() as client, client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Listener(response)


def wait_until_heard(site: Any, listeners: int = 1) -> None:
    deadline = time.monotonic() + 5
    while site.feed.listeners < listeners and time.monotonic() < deadline:
        time.sleep(0.005)
    assert site.feed.listeners == listeners


def change(site: Any, device_id: int, number: int) -> None:
    with site.desk.database.transaction() as connection:
        outbox.append(
            connection,
            kind="alarm",
            subject_id=number,
            device_id=device_id,
            payload={"number": number},
            at=site.desk.value("SELECT now()"),
        )


def numbers(listener: Listener) -> list[int]:
    return [json.loads(data)["number"] for _, _, data in listener.events]


@pytest.mark.alone
def test_an_alarm_and_its_ticket_arrive_within_a_second(site: Any) -> None:
    device_id = site.desk.add_device("engine-1")
    with listening(site) as listener:
        wait_until_heard(site)
        begin = time.monotonic()
        site.desk.act(site.desk.predict(device_id))
        listener.wait_for(2)
        assert time.monotonic() - begin < 1
    assert [event for _, event, _ in listener.events] == ["alarm", "ticket"]
    told = json.loads(listener.events[0][2])
    assert told["device"] == "engine-1"
    assert told["change"] == "raised"
    assert told["feed_seq"] == listener.events[0][0]


def test_a_listener_that_was_away_resumes_without_gap_or_double(site: Any) -> None:
    device_id = site.desk.add_device("engine-1")
    with listening(site) as listener:
        wait_until_heard(site)
        for number in range(3):
            change(site, device_id, number)
        [*_, last] = listener.wait_for(3)
    for number in range(3, 7):
        change(site, device_id, number)
    with listening(site, **{"Last-Event-ID": str(last)}) as resumed:
        resumed.wait_for(1)
        for number in range(7, 10):
            change(site, device_id, number)
        resumed.wait_for(7)
    assert numbers(listener) + numbers(resumed) == list(range(10))


def test_changes_during_the_replay_come_once_and_in_order(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts.feed, "PAGE", 5)
    device_id = site.desk.add_device("engine-1")
    for number in range(40):
        change(site, device_id, number)
    writer = threading.Thread(target=lambda: [change(site, device_id, number) for number in range(40, 120)])
    with listening(site, f"{FEED}?after=0") as first:
        writer.start()
        with listening(site, f"{FEED}?after=0") as second:
            first.wait_for(120, 20)
            second.wait_for(120, 20)
        writer.join()
    for listener in (first, second):
        assert numbers(listener) == list(range(120))
        ids = [event_id for event_id, _, _ in listener.events]
        assert ids == sorted(set(ids))


def test_a_change_that_commits_late_is_not_skipped(site: Any) -> None:
    device_id = site.desk.add_device("engine-1")
    at = site.desk.value("SELECT now()")
    with listening(site) as listener:
        wait_until_heard(site)
        with site.desk.database.transaction() as connection:
            outbox.append(connection, kind="alarm", subject_id=1, device_id=device_id, payload={"number": 1}, at=at)
            change(site, device_id, 2)
            listener.wait_for(1)
        listener.wait_for(2)
    assert numbers(listener) == [2, 1]


def test_a_thousand_changes_at_once_reach_a_listener_who_reads(site: Any) -> None:
    device_id = site.desk.add_device("engine-1")
    with listening(site) as listener:
        wait_until_heard(site)
        site.desk.rows(
            "INSERT INTO outbox (kind, subject_id, device_id, payload, created_at) "
            "SELECT 'alarm', n, %s, jsonb_build_object('number', n), now() FROM generate_series(1, 1000) n",
            device_id,
        )
        listener.wait_for(1000)
    assert numbers(listener) == list(range(1, 1001))
    assert site.feed.cuts == 0


def test_a_listener_that_does_not_read_is_cut(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts.feed, "QUEUE", 20)
    monkeypatch.setattr(aftercare.event_stream, "SEND_LIMIT", 0.5)
    device_id = site.desk.add_device("engine-1")
    host, port = site.url.removeprefix("http://").split(":")
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect((host, int(port)))
        cookie = f"{COOKIE}={session_of(site.desk.database, 'deaf')}"
        deaf.sendall(f"GET {FEED} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode())
        wait_until_heard(site)
        site.desk.rows(
            "INSERT INTO outbox (kind, subject_id, device_id, payload, created_at) "
            "SELECT 'alarm', n, %s, jsonb_build_object('text', repeat('x', 100000)), now() "
            "FROM generate_series(1, 100) n",
            device_id,
        )
        deadline = time.monotonic() + 10
        while site.feed.listeners and time.monotonic() < deadline:
            time.sleep(0.01)
    assert site.feed.listeners == 0
    assert site.feed.cuts >= 1


def test_a_position_that_is_none_is_refused(site: Any) -> None:
    with site.client() as client:
        refused = client.get(FEED, headers={"Last-Event-ID": "yesterday"})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"


def test_silence_is_filled_with_comments(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aftercare.event_stream, "HEARTBEAT", 0.05)
    with site.client() as client, client.stream("GET", FEED) as response:
        seen = b""
        for piece in response.iter_bytes():
            seen += piece
            if b": still here" in seen:
                break
    assert seen.startswith(b"retry: 2000\nid: 0\n\n")


def test_the_console_streams_the_rows_that_its_pages_show(site: Any) -> None:
    device_id = site.desk.add_device("engine-1")
    with listening(site, "/live") as listener:
        wait_until_heard(site)
        site.desk.act(site.desk.predict(device_id))
        listener.wait_for(2)
    rows = {event: data for _, event, data in listener.events}
    with site.client() as client:
        page = client.get("/").text
    for kind in ("alarm", "ticket"):
        assert rows[kind].startswith(f'<tr id="{kind}-1"')
        assert f'<tr id="{kind}-1"' in page
    assert "engine-1" in rows["alarm"]


def test_a_listener_who_comes_as_the_feeds_thread_ends_has_a_new_one(desk: Any) -> None:
    class Ending(alerts.feed.Feed):
        def latest(self) -> int:
            ended.set()
            return super().latest()

    async def listen_while_it_ends() -> bool:
        feed = Ending(desk.database)
        feed._thread = threading.Thread(target=ended.wait)  # alive when it is looked at, gone when the lock is held
        lock = feed._lock

        class Late:
            def __enter__(self) -> None:
                lock.acquire()
                if not ended.is_set():
                    feed._thread = None
                    ended.set()

            def __exit__(self, *_: object) -> None:
                lock.release()

        feed._lock = Late()  # type: ignore[assignment]
        subscription = await feed.subscribe(lambda entry: b"")
        alive = feed._thread is not None and feed._thread.is_alive()
        feed.unsubscribe(subscription)
        feed.close()
        return alive

    ended = threading.Event()
    assert asyncio.run(listen_while_it_ends())
