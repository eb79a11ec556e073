"""Who gets in: over real HTTP, with both applications' own routes."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

import api.app
import console.app
from access import accounts, signing_in
from access.passwords import hash_password
from access.rules import rule_for
from access.signing_in import MOST_BY_BOTH
from aftercare.access import COOKIE, LARGEST_BODY
from aftercare.settings import load_settings
from aftercare.wiring import Application
from domain.account import Role
from domain.clock import system_clock
from domain.errors import NotSignedInError
from store import users

from .conftest import START, Site, session_of

V1 = "/api/v1"
PASSWORD = "several plain words"


def routes(app: FastAPI, names: Mapping[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """Method and a path that the route takes, of every route but what is mounted; `names` fill the path, or 1 does."""
    for included in app.routes:
        for route in getattr(included, "effective_route_contexts", lambda one=included: [one])():
            for method in sorted(getattr(route, "methods", None) or ()):
                yield method, re.sub(r"\{([^}]*)\}", lambda found: (names or {}).get(found[1], "1"), route.path)


@pytest.fixture
def every_route(desk: Any) -> list[tuple[str, str]]:
    application = Application(
        settings=load_settings(database_url=desk.database.url),
        clock=lambda: START,
        catalog=desk.catalog,
        database=desk.database,
    )
    of_api, of_console = (
        list(routes(api.app.create_app(application))),
        list(routes(console.app.create_app(application))),
    )
    assert len(of_api) > 60
    assert len(of_console) > 15
    return of_api + of_console


def test_a_password_that_is_reset_while_it_is_verified_lets_nobody_in(desk: Any, monkeypatch: Any) -> None:
    lasting = signing_in.Lasting(idle=timedelta(hours=8), lifetime=timedelta(days=7))
    with desk.database.transaction() as connection:
        once = accounts.make_first_admin(connection, now=START)
    verify = signing_in.is_password

    def slowly(password: str, hashed: str | None) -> bool:
        with desk.database.transaction() as connection:
            accounts.reset_password(connection, "admin", who="another", now=START)
        return verify(password, hashed)

    monkeypatch.setattr(signing_in, "is_password", slowly)
    with pytest.raises(NotSignedInError):
        signing_in.sign_in(desk.database, name="admin", password=once, address="192.0.2.1", now=START, lasting=lasting)
    assert desk.value("SELECT count(*) FROM sessions") == 0


def signed_in(site: Site, name: str, role: Role, customer: str | None = None) -> httpx.Client:
    return site.client(cookies={COOKIE: session_of(site.desk.database, name, role, customer)})


def test_every_route_refuses_strangers_and_the_wrong_role(site: Site, every_route: list[tuple[str, str]]) -> None:
    roles = list(Role)
    clients = {role: signed_in(site, f"a {role}", role) for role in roles}
    stranger, customers = site.client(cookies={}), signed_in(site, "guest", Role.VIEWER, "acme")
    for method, path in every_route:
        rule = rule_for(method, path)
        if rule.role is None:
            assert path.startswith((f"{V1}/health", "/sign-in")), path
            continue
        answer = stranger.request(method, path)
        if path.startswith(V1) or path == "/live":
            assert answer.status_code == 401, (method, path)
        else:
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/sign-in?next=")
        for role in roles[: roles.index(rule.role)]:
            assert clients[role].request(method, path, content=b"{").status_code == 403, (method, path, role)
        if not rule.customers:
            assert customers.request(method, path, content=b"{").status_code == 403, (method, path)
    for client in (*clients.values(), stranger, customers):
        client.close()


def test_no_writing_route_is_open_to_viewers_but_their_own(every_route: list[tuple[str, str]]) -> None:
    own = {("POST", "/sign-in"), ("POST", "/sign-out"), ("POST", "/password"), ("POST", "/tour")}
    own |= {("POST", "/troubleshooting-answers"), ("POST", f"{V1}/troubleshooting-answers")}
    own |= {("POST", path) for path in ("/problem-reports", "/api/v1/problem-reports")}
    own |= {("POST", "/commands"), ("POST", f"{V1}/commands")}  # each command has its role, by the catalog
    own |= {("POST", "/predictions/views"), ("POST", "/predictions/views/1/remove")}
    open_to_viewers = {
        (method, path)
        for method, path in every_route
        if method not in ("GET", "HEAD") and rule_for(method, path).role in (None, Role.VIEWER)
    }
    assert open_to_viewers == own


def test_first_password_sign_in_choose_another_and_sign_out(site: Site) -> None:
    with site.desk.database.transaction() as connection:
        once = accounts.make_first_admin(connection, now=system_clock())
        assert accounts.make_first_admin(connection, now=system_clock()) is None
    with site.client(cookies={}) as client:
        wanted = client.get("/tickets?state=open")
        assert wanted.headers["location"] == "/sign-in?next=%2Ftickets%3Fstate%3Dopen"
        assert 'value="/tickets?state=open"' in client.get(wanted.headers["location"]).text
        refused = client.post("/sign-in", data={"name": "admin", "password": "wrong"})
        assert refused.status_code == 401
        assert "name or password is wrong" in refused.text

        given = {"name": "Admin", "password": once, "next": "/tickets?state=open"}
        welcome = client.post("/sign-in", data=given)
        assert welcome.headers["location"] == "/tickets?state=open"
        cookie = welcome.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        first = client.cookies[COOKIE]

        assert client.get("/").headers["location"] == "/password"
        assert client.get(f"{V1}/devices").status_code == 403
        form = {"present": once, "chosen": PASSWORD, "again": PASSWORD}
        for wrong, said in (
            ({"again": "another"}, "typed differently"),
            ({"chosen": "short", "again": "short"}, "12 to 200 characters"),
            ({"present": "wrong"}, "present password is wrong"),
        ):
            page = client.post("/password", data={**form, **wrong})
            assert page.status_code == 422
            assert said in page.text
        assert client.post("/password", data=form).headers["location"] == "/"
        assert client.get("/").status_code == 200
        assert client.get(f"{V1}/me").json() == {"name": "admin", "role": "admin", "customer": None}
        assert client.get(f"{V1}/me", headers={"Cookie": f"{COOKIE}={first}"}).status_code == 401

        last = client.cookies[COOKIE]
        assert client.post("/sign-out").headers["location"] == "/sign-in?ended=by-you"
        assert client.get(f"{V1}/me", headers={"Cookie": f"{COOKIE}={last}"}).status_code == 401
    assert site.desk.rows("SELECT who, action FROM audit_log ORDER BY audit_id") == [
        ("first start", "added"),
        ("admin", "signed in"),
        ("admin", "chose password"),
        ("admin", "signed in"),
        ("admin", "signed out"),
    ]
    assert PASSWORD not in str(site.desk.rows("SELECT * FROM user_passwords"))


def test_nobody_is_sent_to_another_site(site: Site) -> None:
    add_with_password(site, "alice", Role.VIEWER)
    for target in ("https://evil.example/", "//evil.example/", "/\\evil.example", "/\t/evil.example"):
        with site.client(cookies={}) as client:
            answer = client.post("/sign-in", data={"name": "alice", "password": PASSWORD, "next": target})
            assert answer.headers["location"] == "/"


def add_with_password(site: Site, name: str, role: Role) -> None:
    now = system_clock()
    with site.desk.database.transaction() as connection:
        user_id = users.add(connection, name=name, role=role, customer=None, at=now)
        users.set_password(connection, user_id=user_id, password_hash=hash_password(PASSWORD), one_time=False, at=now)


def test_guessing_is_stopped_also_when_many_guess_at_once(site: Site) -> None:
    add_with_password(site, "alice", Role.VIEWER)
    with site.client(cookies={}) as client:
        answers = [client.post("/sign-in", data={"name": "alice", "password": "x"}) for _ in range(MOST_BY_BOTH + 1)]
        assert [answer.status_code for answer in answers] == [401] * MOST_BY_BOTH + [429]
        assert answers[-1].headers["retry-after"]
        stopped = client.post("/sign-in", data={"name": "ALICE", "password": PASSWORD})
        assert stopped.status_code == 429
        assert "wait 15 minutes" in stopped.text
        site.desk.rows("UPDATE sign_in_attempts SET at = at - interval '16 minutes'")
        assert client.post("/sign-in", data={"name": "alice", "password": PASSWORD}).status_code == 303
    assert site.desk.value("SELECT count(*) FROM sign_in_attempts") == 0


@pytest.mark.parametrize("column", ["last_used_at", "created_at"])
def test_a_session_ends_unused_and_at_last(site: Site, column: str) -> None:
    with site.client() as client:
        assert client.get(f"{V1}/me").status_code == 200
        site.desk.rows(f"UPDATE sessions SET {column} = {column} - interval '11 hours'")
        assert client.get(f"{V1}/me").status_code == 200
        site.desk.rows(f"UPDATE sessions SET {column} = now() - interval '169 hours'")
        assert client.get(f"{V1}/me").status_code == 401
        again = client.get("/").headers["location"]
        assert again == "/sign-in?next=%2F&ended=by-time"
        assert "Your session has ended" in client.get(again).text


def test_use_keeps_a_session_alive(site: Site) -> None:
    with site.client() as client:
        site.desk.rows("UPDATE sessions SET last_used_at = last_used_at - interval '11 hours'")
        client.get(f"{V1}/me")
    assert site.desk.value("SELECT now() - last_used_at FROM sessions") < timedelta(minutes=1)


def test_tokens_are_shown_once_act_as_their_user_and_end(site: Site) -> None:
    with site.client() as admin:
        added = admin.post(f"{V1}/users", json={"name": "erp", "role": "operator", "program": True})
        assert added.status_code == 201
        assert added.json()["password"] is None
        made = admin.post(f"{V1}/api-tokens", json={"user": "erp", "label": "stock"}).json()
        token = made["token"]
        assert token not in admin.get(f"{V1}/api-tokens").text
        bearer = {"Authorization": f"Bearer {token}"}
        with site.client(cookies={}, headers=bearer) as program:
            assert program.get(f"{V1}/me").json() == {"name": "erp", "role": "operator", "customer": None}
            assert program.get(f"{V1}/users").status_code == 403
            assert program.post("/sign-in", data={"name": "erp", "password": ""}).status_code == 401
            [listed] = admin.get(f"{V1}/api-tokens").json()
            assert listed["last_used_at"] is not None
            assert admin.put(f"{V1}/users/erp/rights", json={"role": "viewer"}).json()["role"] == "viewer"
            assert program.get(f"{V1}/me").json()["role"] == "viewer"
            admin.post(f"{V1}/users/erp/disable")
            assert program.get(f"{V1}/me").status_code == 401
            admin.post(f"{V1}/users/erp/enable")
            assert program.get(f"{V1}/me").status_code == 200
            assert admin.delete(f"{V1}/api-tokens/{made['api_token_id']}").status_code == 204
            refused = program.get(f"{V1}/me")
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
        site.desk.rows("UPDATE api_tokens SET revoked_at = NULL, expires_at = now()")
        assert admin.get(f"{V1}/me", headers=bearer).status_code == 401
        past = {"user": "erp", "expires_at": "2020-01-01T00:00:00Z"}
        assert admin.post(f"{V1}/api-tokens", json=past).status_code == 422
    for header in ("Bearer", "Bearer nothing", "Bearer \xff", "Basic eDp5", "Digest x"):
        with site.client(cookies={}) as stranger:
            answer = stranger.get(f"{V1}/devices", headers={"Authorization": header.encode("latin-1")})
            assert answer.status_code == 401


def test_the_last_admin_stays(site: Site) -> None:
    with site.client() as admin:
        assert admin.post(f"{V1}/users/local/disable").status_code == 409
        assert admin.put(f"{V1}/users/local/rights", json={"role": "viewer"}).status_code == 409
        assert admin.post(f"{V1}/users", json={"name": "LOCAL", "role": "viewer"}).status_code == 409
        scoped = {"name": "b", "role": "operator", "customer": "acme"}
        assert admin.post(f"{V1}/users", json=scoped).status_code == 422
        page = admin.post("/users", data={"name": "second/one", "role": "admin", "customer": ""})
        assert "The one-time password of second/one" in page.text
        assert admin.post(f"{V1}/users/local/disable").status_code == 200
        assert admin.get(f"{V1}/me").status_code == 401


def test_admins_manage_users_on_a_page(site: Site) -> None:
    with site.client() as admin:
        admin.post("/users", data={"name": "Ada L", "role": "planner"})
        page = admin.get("/users").text
        assert "Ada L" in page
        assert re.search(r"aftercare_[\w-]{43}", admin.post("/users/Ada%20L/tokens", data={"days": "30"}).text)
        assert "one-time password of Ada L" in admin.post("/users/Ada%20L/reset-password").text
        assert "Enable" in admin.post("/users/Ada%20L/disable").text
        assert admin.post("/users/Ada%20L/enable").status_code == 200
        assert "revoked" in admin.post("/users/tokens/1/actions/revoke").text
        assert admin.post("/users/Ada%20L/explode").status_code == 404
        assert admin.post("/users/nobody/disable").status_code == 404
        assert admin.post("/users/Ada%20L/tokens", data={"days": "0"}).status_code == 422
        assert admin.post("/users", data={"name": "x", "role": "king"}).status_code == 422


def test_a_crowd_of_first_starts_makes_one_admin(site: Site) -> None:
    def start(_: int) -> str | None:
        with site.desk.database.transaction() as connection:
            return accounts.make_first_admin(connection, now=system_clock())

    with ThreadPoolExecutor(4) as pool:
        assert sum(password is not None for password in pool.map(start, range(4))) == 1


def test_a_body_that_is_too_large_is_refused_before_it_is_read(site: Site) -> None:
    def told(headers: str, body: bytes = b"") -> bytes:
        address = httpx.URL(site.url)
        with socket.create_connection((address.host, address.port or 80), timeout=10) as line:
            line.sendall(f"POST /sign-in HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode() + body)
            return line.recv(65_536)

    assert b" 422 " in told(f"Content-Length: {LARGEST_BODY + 1}").splitlines()[0]
    pieces = b"100000\r\n" + b"a" * (1 << 20) + b"\r\n"
    assert b" 422 " in told("Transfer-Encoding: chunked", pieces * (LARGEST_BODY >> 20) + pieces).splitlines()[0]
