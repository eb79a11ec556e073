"""A POST that is sent again with its Idempotency-Key takes effect once."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.responses import Response

from api.idempotency import Idempotency
from domain.account import Caller, Role
from domain.clock import system_clock
from domain.errors import ForbiddenError
from service_desk import shelves
from store import users
from store.answered_requests import forget
from store.scope import seen_by

from .conftest import START, session_of
from .test_api import problem

if TYPE_CHECKING:
    from .conftest import Site

V1 = "/api/v1"


@pytest.fixture
def order(site: Site) -> dict[str, Any]:
    site.desk.rows("INSERT INTO service_centres VALUES ('north') ON CONFLICT DO NOTHING")
    part_no = site.desk.part_no
    return {"service_centre": "north", "part_no": part_no, "quantity": 3, "reference": "PO-1"}


def on_order(site: Site) -> int:
    return int(site.desk.value("SELECT coalesce(sum(on_order_change), 0) FROM stock_journal"))


def sending(site: Site, part_no: str) -> dict[str, Any]:
    """A transfer, which has no reference of its own that would keep it from being sent twice."""
    for centre in ("north", "south"):
        site.desk.rows("INSERT INTO service_centres VALUES (%s) ON CONFLICT DO NOTHING", centre)
    with site.desk.database.transaction() as connection:
        shelves.receive(connection, service_centre="north", part_no=part_no, quantity=10, who="x", now=START)
    return {"part_no": part_no, "quantity": 1, "from_centre": "north", "to_centre": "south"}


def test_what_is_sent_again_is_answered_as_the_first_time_and_done_once(site: Site) -> None:
    body = sending(site, site.desk.part_no)
    with site.client(headers={"Idempotency-Key": "5e1f"}) as client:
        first, again = (client.post(f"{V1}/transfers", json=body) for _ in range(2))
        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert again.headers["content-type"] == first.headers["content-type"]
        assert site.desk.value("SELECT count(*) FROM part_transfers") == 1
        other = problem(client.post(f"{V1}/transfers", json={**body, "quantity": 2}), 422)
        assert "was used for another request" in other["detail"]
        problem(client.post(f"{V1}/orders", json=body), 422)
        client.post(f"{V1}/transfers", json=body, headers={"Idempotency-Key": "another"})
    assert site.desk.value("SELECT count(*) FROM part_transfers") == 2


def test_many_at_once_are_one(site: Site) -> None:
    body = sending(site, site.desk.part_no)
    with site.client(headers={"Idempotency-Key": "5e1f"}) as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(f"{V1}/transfers", json=body), range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert site.desk.value("SELECT count(*) FROM part_transfers") == 1


def test_what_was_refused_has_not_happened_and_may_be_sent_again(site: Site, order: dict[str, Any]) -> None:
    with site.client(headers={"Idempotency-Key": "5e1f"}) as client:
        problem(client.post(f"{V1}/orders", json={**order, "part_no": "none"}), 404)
        problem(client.post(f"{V1}/orders", json={**order, "quantity": 0}), 422)
        assert client.post(f"{V1}/orders", json=order).status_code == 201
        for wrong in ("", "two words", "x" * 256):
            problem(client.post(f"{V1}/orders", json=order, headers={"Idempotency-Key": wrong}), 422)
    assert on_order(site) == 3


def test_the_work_and_its_note_are_committed_together(site: Site, order: dict[str, Any]) -> None:
    """Whoever is at work holds the key: a second one waits, and does the work when the first was undone."""
    desk = site.desk
    with site.client(headers={"Idempotency-Key": "5e1f"}) as client:
        user = desk.value("SELECT user_id FROM users WHERE name = 'local'")
        answers: list[int] = []
        with desk.database.transaction() as holding:
            holding.execute(
                "INSERT INTO answered_requests (user_id, idempotency_key, path, body_digest, at) "
                "VALUES (%s, '5e1f', '', '', now())",
                (user,),
            )
            second = threading.Thread(
                target=lambda: answers.append(client.post(f"{V1}/orders", json=order).status_code)
            )
            second.start()
            second.join(0.2)
            assert not answers
            holding.rollback()
        second.join(10)
    assert answers == [201]
    assert on_order(site) == 3


def test_a_secret_is_shown_once_and_kept_nowhere(site: Site) -> None:
    with site.client(headers={"Idempotency-Key": "5e1f"}) as client:
        made = client.post(f"{V1}/users", json={"name": "anna", "role": "viewer"})
        assert made.status_code == 201
        assert made.json()["password"]
        assert (
            "its secret was shown"
            in problem(client.post(f"{V1}/users", json={"name": "anna", "role": "viewer"}), 409)["detail"]
        )
    assert site.desk.rows("SELECT status, content FROM answered_requests") == [(201, None)]


def test_keys_are_each_users_own_and_are_forgotten_after_a_day(site: Site, order: dict[str, Any]) -> None:
    key = {"Idempotency-Key": "5e1f"}
    with site.client(headers=key) as client:
        client.post(f"{V1}/orders", json=order)
        site.desk.rows("UPDATE answered_requests SET at = at - interval '25 hours'")
        assert client.post(f"{V1}/orders", json={**order, "reference": "PO-2"}).status_code == 201
    assert on_order(site) == 6
    assert forget(site.desk.database, now=system_clock()) == 0
    assert forget(site.desk.database, now=system_clock() + timedelta(hours=25)) == 1


def test_a_customers_user_sends_with_a_key_and_sees_no_more_by_it(site: Site) -> None:
    """The note is the platform's; the endpoint's transactions see what they would see without a key."""
    database, seen = site.desk.database, []
    site.desk.add_device("theirs")
    site.desk.add_device("ours")
    site.desk.rows("UPDATE devices SET customer = CASE name WHEN 'ours' THEN 'C1' ELSE 'C2' END")

    def names() -> None:
        with database.transaction() as connection:
            seen.append([name for (name,) in connection.execute("SELECT name FROM devices ORDER BY name")])

    async def endpoint(scope: Any, receive: Any, send: Any) -> None:
        names()
        with database.transaction() as connection:
            with seen_by(None):
                names()
            seen.append([name for (name,) in connection.execute("SELECT name FROM devices")])
        with pytest.raises(ForbiddenError), database.transaction() as connection:
            connection.execute("SELECT * FROM answered_requests")
        names()
        await Response("done", 201)(scope, receive, send)

    async def ask() -> list[httpx.Response]:
        async def known(scope: Any, receive: Any, send: Any) -> None:
            with seen_by("C1"):
                await Idempotency(endpoint, database)({**scope, "caller": caller}, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(known), base_url="http://x") as client:
            return [await client.post("/report", headers={"Idempotency-Key": "k"}) for _ in range(2)]

    session_of(database, "customer's", Role.VIEWER, "C1")
    with database.transaction() as connection:
        caller = Caller(users.get(connection, "customer's").user_id, "customer's", Role.VIEWER, "C1")
    first, again = asyncio.run(ask())
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert seen == [["ours"], ["ours", "theirs"], ["ours"], ["ours"]]
