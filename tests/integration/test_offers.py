"""Whoever looks at the console is offered what they may do, and nothing that would be refused."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx

from access.rules import is_open
from aftercare.access import COOKIE
from domain.account import Caller, Role

from .conftest import START, Site, session_of


class Offers(HTMLParser):
    """Method and path of every form and link of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self.addresses: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        address = (told.get("href") if tag == "a" else told.get("action")) or ""
        if tag in ("a", "form") and address.startswith("/"):
            method, path = (told.get("method") or "get").upper(), address.partition("?")[0].partition("#")[0]
            self.found.add((method, path))
            if method == "GET":
                self.addresses.setdefault(path, address)


def walk(client: httpx.Client) -> dict[str, set[tuple[str, str]]]:
    """What every page offers that can be reached by links from the first."""
    pages: dict[str, set[tuple[str, str]]] = {}
    waiting = {"/": "/"}
    while waiting:
        path, address = waiting.popitem()
        answer = client.get(address)
        assert answer.status_code in (200, 303), (address, answer.text)
        offers = Offers(answer.text if "text/html" in answer.headers.get("content-type", "") else "")
        pages[path] = offers.found
        waiting |= {target: address for target, address in offers.addresses.items() if target not in pages}
    return pages


def test_every_page_offers_a_role_what_it_may_do(site: Site) -> None:
    desk = site.desk
    device_id = desk.add_device("press-1")
    desk.rows("UPDATE devices SET customer = 'acme', site = 'plant' WHERE device_id = %s", device_id)
    desk.act(desk.predict(device_id))
    desk.act(desk.predict(desk.add_device("press-2"), precision=None))
    desk.rows(
        "INSERT INTO rejected_messages (topic, payload, reason, received_at, last_at) "
        "VALUES ('devices/x/telemetry', 'x', 'unknown', %s, %s)",
        START,
        START,
    )
    forms = {}
    for role, customer in [*((role, None) for role in Role), (Role.VIEWER, "acme")]:
        name = f"{role} {customer}"
        caller = Caller(0, name, role, customer)
        with site.client(cookies={COOKIE: session_of(desk.database, name, role, customer)}) as client:
            pages = walk(client)
        assert {"/", "/tickets", "/tickets/1", "/alarms/1", "/devices/press-1"} <= set(pages), name
        refused = {(page, *offer) for page, offers in pages.items() for offer in offers if not is_open(*offer, caller)}
        assert not refused, name
        forms[name] = {path for offers in pages.values() for method, path in offers if method == "POST"}
    own = {"/sign-out", "/password", "/tour"}
    assert forms["viewer None"] == own
    assert forms["viewer acme"] == own | {"/problem-reports"}
    assert own < forms["operator None"] < forms["planner None"] < forms["admin None"]
    assert "/alarms/1/acknowledge" in forms["operator None"]
    assert any(path.startswith("/tickets/") for path in forms["planner None"] - forms["operator None"])
    assert "/users" in forms["admin None"]


def test_rows_that_come_live_offer_no_more_than_the_page_did(site: Site) -> None:
    site.desk.act(site.desk.predict(site.desk.add_device("press-1")))
    for role, offered in ((Role.VIEWER, False), (Role.OPERATOR, True)):
        cookies = {COOKIE: session_of(site.desk.database, f"a {role}", role)}
        with site.client(cookies=cookies) as client, client.stream("GET", "/live?after=0") as stream:
            heard, pieces = b"", stream.iter_bytes()
            while heard.count(b"id: ") < 2:
                heard += next(pieces)
        assert b"press-1" in heard
        assert (b"/alarms/1/acknowledge" in heard) is offered
