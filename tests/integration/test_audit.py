"""Every change leaves a line in the audit log, and admins find it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from access.rules import READS
from aftercare.access import COOKIE, Access
from aftercare.settings import load_settings
from aftercare.wiring import Application
from api.errors import refuse
from domain.account import Role
from store import audit
from store.database import Database

from .conftest import START, Site, session_of
from .test_access import every_route

__all__ = ["every_route"]
V1 = "/api/v1"
WITHOUT_A_CALLER = "/sign-in"


def test_every_writing_route_leaves_a_line_with_who_did_it(site: Site, every_route: list[tuple[str, str]]) -> None:
    """Around a stand-in that answers 200 to all and notes nothing: whatever a route does, its change is in the log."""
    database = site.desk.database
    writes = [one for one in every_route if one[0] not in READS and not one[1].startswith(WITHOUT_A_CALLER)]
    assert len(writes) > 50
    cookies = {COOKIE: session_of(database, "root")}
    settings = load_settings(database_url=database.url)
    application = Application(settings, lambda: START, site.desk.catalog, database)
    before = site.desk.value("SELECT max(audit_id) FROM audit_log")

    async def send_all() -> None:
        transport = httpx.ASGITransport(Access(_answering(database), application, refuse))
        async with httpx.AsyncClient(transport=transport, base_url="http://here", cookies=cookies) as client:
            for method, path in writes:
                assert (await client.request(method, path)).status_code == 200
            assert (await client.get(f"{V1}/devices")).status_code == 200
            assert (await client.post(f"{V1}/users", headers={"Answer": "409"})).status_code == 409
            assert (await client.post(f"{V1}/users", headers={"Note": "added"})).status_code == 200

    asyncio.run(send_all())
    lines = site.desk.rows("SELECT who, object_id FROM audit_log WHERE audit_id > %s ORDER BY audit_id", before)
    assert lines == [("root", f"{method} {path}") for method, path in writes] + [("root", "a thing")]


def _answering(database: Database) -> Any:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if action := headers.get(b"note", b"").decode():
            with database.transaction() as connection:
                audit.record(
                    connection, at=START, who=scope["who"], action=action, object_kind="thing", object_id="a thing"
                )
        await Response(status_code=int(headers.get(b"answer", b"200")))(scope, receive, send)

    return answer


def test_what_had_no_line_of_its_own_has_one_over_real_http(site: Site) -> None:
    with site.client() as client:
        way = {"from_centre": "north", "to_centre": "south", "hours": 5}
        assert client.put(f"{V1}/transfer-times", json=way).status_code == 200
        site.desk.rows("INSERT INTO parts VALUES ('P-1', 'Part', 100, 'EUR', '1 day')")
        order = {"service_centre": "north", "part_no": "P-1", "quantity": 2, "reference": "o-1"}
        for _ in range(2):
            kept = client.post(f"{V1}/orders", json=order, headers={"Idempotency-Key": "one"})
            assert kept.status_code == 201, kept.text
        assert client.post(f"{V1}/orders", json=order | {"quantity": 0}).status_code == 422
        lines = client.get(f"{V1}/audit-log", params={"who": "local", "kind": "request"}).json()["items"]
    assert [(line["action"], line["object_id"]) for line in lines] == [
        ("sent", f"POST {V1}/orders"),
        ("sent", f"POST {V1}/orders"),
        ("sent", f"PUT {V1}/transfer-times"),
    ]


def test_admins_filter_by_person_kind_and_time_and_page_through(site: Site) -> None:
    with site.desk.database.transaction() as connection:
        for number in range(1, 251):
            audit.record(
                connection,
                at=START + timedelta(minutes=number),
                who="alice" if number % 2 else "<bob>",
                action="acknowledged" if number % 5 else "shelved",
                object_kind="alarm" if number % 10 else "user",
                object_id=number,
                detail={"reason": "it is <known>", "until": None, "more": {"a": [1]}},
            )
    with site.client() as client:
        pages, after = [], None
        while True:
            params = {"who": "alice", "limit": 50} | ({"after": after} if after else {})
            page = client.get(f"{V1}/audit-log", params=params).json()
            pages.append([int(line["object_id"]) for line in page["items"]])
            after = page["next"]
            if after is None:
                break
        assert [len(page) for page in pages] == [50, 50, 25]
        assert [number for page in pages for number in page] == list(range(249, 0, -2))
        bounds = {"since": "2026-01-01T00:10:00Z", "until": "2026-01-01T00:20:00Z", "kind": "user"}
        assert [line["object_id"] for line in client.get(f"{V1}/audit-log", params=bounds).json()["items"]] == ["10"]
        assert client.get(f"{V1}/audit-log", params={"since": "2026-01-01"}).status_code == 422

        shown = client.get("/audit-log", params={"who": "<bob>"}).text
        assert "it is &lt;known&gt;" in shown
        assert "<bob>" not in shown
        assert 'href="/alarms/248"' in shown
        assert "Older lines" in shown
        assert "<option selected>alarm</option>" in client.get("/audit-log?kind=alarm").text
        assert "No line is so" in client.get("/audit-log?since=2031-01-01T00:00").text
        for bad in ("since=yesterday", "until=0001-01-01T00:00%2B14:00", "after=0", "after=x"):
            assert client.get(f"/audit-log?{bad}").status_code == 422, bad
    cookies = {COOKIE: session_of(site.desk.database, "planner", Role.PLANNER)}
    with site.client(cookies=cookies) as planner:
        for path in ("/audit-log", f"{V1}/audit-log"):
            assert planner.get(path).status_code == 403
