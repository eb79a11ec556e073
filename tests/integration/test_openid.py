"""Signing in by an OpenID provider: a real one on loopback, and everything that it could send wrongly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from access import openid_provider
from domain.account import Role
from store import identities

from .conftest import Site, session_of
from .openid_provider import CLIENT_ID, CLIENT_SECRET, TestProvider, provider_on_loopback

V1 = "/api/v1"
ROLES = "admin=it; planner=cn=planners,ou=service; viewer=readers"


@pytest.fixture
def provider() -> Iterator[TestProvider]:
    with provider_on_loopback() as provider:
        provider.claims = {"preferred_username": "alice", "groups": ["readers", "cn=planners,ou=service"]}
        yield provider


@pytest.fixture
def site(provider: TestProvider, serve_with: Callable[..., AbstractContextManager[Site]]) -> Iterator[Site]:
    settings = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_roles": ROLES,
        "oidc_customer_claim": "org.customer",
    }
    with serve_with(**settings) as site:
        session_of(site.desk.database, "local")  # an admin remains, whatever the provider says
        yield site


@pytest.fixture
def browser(site: Site) -> Iterator[httpx.Client]:
    with site.client(cookies={}) as client:
        yield client


def go(browser: httpx.Client, target: str = "/tickets") -> httpx.Response:
    """To the provider, and back to the console's answer."""
    there = browser.get("/sign-in/openid", params={"next": target})
    assert there.status_code == 303, there.text
    back = browser.get(there.headers["location"])
    return browser.get(back.headers["location"])


def audit(site: Site) -> list[tuple[Any, ...]]:
    return site.desk.rows("SELECT who, action, object_id, detail FROM audit_log ORDER BY audit_id OFFSET 1")


def test_a_person_signs_in_is_made_a_user_and_comes_again(site: Site, browser: httpx.Client) -> None:
    assert "Sign in with 127.0.0.1" in browser.get("/sign-in?next=/tickets").text
    assert go(browser).headers["location"] == "/tickets"
    assert browser.get(f"{V1}/me").json() == {"name": "alice", "role": "planner", "customer": None}
    browser.post("/sign-out")
    assert browser.get(f"{V1}/me").status_code == 401
    out = browser.get("/sign-in?ended=by-you").text
    assert "Sign out of 127.0.0.1 too" in out
    assert "post_logout_redirect_uri" in browser.get("/sign-in/openid/leave").headers["location"]
    assert go(browser, "//evil.example").headers["location"] == "/"
    actions = [(who, action, name) for who, action, name, _ in audit(site)]
    assert actions == [
        ("openid connect", "added", "alice"),
        ("openid connect", "linked", "alice"),
        ("alice", "signed in", "alice"),
        ("alice", "signed out", "alice"),
        ("alice", "signed in", "alice"),
    ]
    with site.client() as admin:
        assert admin.get(f"{V1}/users").json()[0]["by_provider"] is True
        assert "<td>provider</td>" in admin.get("/users").text


def test_the_provider_decides_the_role_and_the_customer_at_each_sign_in(
    site: Site, provider: TestProvider, browser: httpx.Client
) -> None:
    go(browser)
    provider.claims |= {"groups": "it"}
    go(browser)
    assert browser.get(f"{V1}/me").json()["role"] == "admin"
    provider.claims |= {"org": {"customer": "acme"}}
    go(browser)
    assert browser.get(f"{V1}/me").json() == {"name": "alice", "role": "viewer", "customer": "acme"}
    # Renamed at the provider, and told by its page of the user instead of the token: it is the same subject.
    provider.claims, provider.user_info = {"preferred_username": "alice2"}, {"groups": ["readers"]}
    go(browser)
    assert browser.get(f"{V1}/me").json() == {"name": "alice", "role": "viewer", "customer": None}
    provider.user_info = {"groups": ["readers"], "sub": "s-2"}
    assert "somebody else" in go(browser).text
    with site.client() as admin:
        admin.post(f"{V1}/users/alice/disable")
    provider.user_info = {"groups": ["readers"]}
    assert "alice is disabled" in go(browser).text


NOW = int(time.time())


BAD: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"iss": "https://evil.example"}, {}, "iss"),
    ({"aud": "another"}, {}, "aud"),
    ({"aud": ["another", CLIENT_ID]}, {}, "azp"),
    ({"aud": [CLIENT_ID], "azp": "another"}, {}, "azp"),
    ({"nonce": "of another sign-in"}, {}, "nonce"),
    ({"nonce": None}, {}, "nonce"),
    ({"exp": NOW - 120}, {}, "expired"),
    ({"exp": None}, {}, "exp"),
    ({"exp": "soon"}, {}, "exp"),
    ({"iat": NOW + 3600}, {}, "future"),
    ({"sub": None}, {}, "sub"),
    ({"sub": 7}, {}, "sub"),
    ({"sub": ""}, {}, "sub"),
    ({}, {"alg": "none"}, "not good"),
    ({}, {"kid": "unknown"}, "unknown"),
    ({"groups": ["strangers"]}, {}, "has no role"),
    ({"groups": None}, {}, "has no role"),
    ({"groups": {"readers": 1}, "preferred_username": "bob"}, {}, "has no role"),
    ({"org": {"customer": ["acme", "globex"]}}, {}, "name of one customer"),
    ({"preferred_username": "a\tb"}, {}, "cannot be a user"),
    ({"preferred_username": "LOCAL"}, {}, "signs in another way"),
]


def test_what_is_not_good_is_refused_on_one_page_with_a_line_in_the_audit_log(
    site: Site, provider: TestProvider, browser: httpx.Client
) -> None:
    good = provider.claims
    for claims, header, said in BAD:
        provider.claims, provider.header = good | claims, header
        page = go(browser)
        assert page.status_code == 401, (claims, header)
        assert said in page.text, (claims, header, page.text)
        assert "Sign in with" in page.text
        who, action, _, detail = audit(site)[-1]
        assert (who, action, detail["address"]) == ("openid connect", "sign-in refused", "127.0.0.1")
        assert said in detail["reason"]
    assert browser.get(f"{V1}/me").status_code == 401
    assert len(audit(site)) == len(BAD)


def test_clocks_may_be_a_minute_apart(provider: TestProvider, browser: httpx.Client) -> None:
    provider.claims |= {"iat": int(time.time()) + 30, "exp": int(time.time()) - 30}
    assert go(browser).status_code == 303


def test_an_answer_counts_once_in_its_own_browser_and_for_ten_minutes(site: Site, browser: httpx.Client) -> None:
    back = browser.get(browser.get("/sign-in/openid").headers["location"]).headers["location"]
    with site.client(cookies={}) as another:
        assert "not one that this browser waits for" in another.get(back).text
    assert "not one that this browser waits for" in browser.get(back).text  # the other one has used it up
    back = browser.get(browser.get("/sign-in/openid").headers["location"]).headers["location"]
    state = browser.cookies["aftercare_sign_in"]
    assert browser.get(back).status_code == 303
    again = browser.get(back, headers={"Cookie": f"aftercare_sign_in={state}"})
    assert again.status_code == 401
    back = browser.get(browser.get("/sign-in/openid").headers["location"]).headers["location"]
    site.desk.rows("UPDATE sign_in_flows SET began_at = began_at - interval '11 minutes'")
    assert "more than ten minutes" in browser.get(back).text
    for made_up in ("", "?state=%00&code=1", "?state=x", f"?code={'y' * 5000}"):
        assert browser.get(f"/sign-in/openid/callback{made_up}").status_code == 401
    assert site.desk.value("SELECT count(*) FROM sign_in_flows") == 0


def test_whoever_tries_on_and_on_has_to_wait(site: Site, browser: httpx.Client) -> None:
    site.desk.rows(
        "INSERT INTO sign_in_attempts (at, name, address) SELECT now(), 'openid connect', '127.0.0.1' "
        "FROM generate_series(1, 50)"
    )
    page = browser.get("/sign-in/openid/callback?state=x")
    assert page.status_code == 429
    assert page.headers["retry-after"]
    assert audit(site) == []


def test_keys_are_rotated(provider: TestProvider, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert go(browser).status_code == 303
    provider.rotate_key()
    assert go(browser).status_code == 401  # they were read a moment ago
    monkeypatch.setattr(openid_provider, "LEAST_BETWEEN_READS", timedelta(0))
    assert go(browser).status_code == 303


def test_a_provider_that_refuses_or_is_away_is_told_on_the_page(
    site: Site, provider: TestProvider, browser: httpx.Client
) -> None:
    provider.out_of_order = True
    page = browser.get("/sign-in/openid")
    assert page.status_code == 503
    assert "out of order" in page.text
    provider.out_of_order = False
    provider.refusal = {"error": "access_denied", "error_description": "<b>no</b>"}
    assert "refused: &lt;b&gt;no&lt;/b&gt;" in go(browser).text
    provider.refusal = {"code": "1", "iss": "https://evil.example"}
    assert "another provider" in go(browser).text
    provider.refusal = {"code": "of another"}
    assert "invalid_grant" in go(browser).text


def test_somebody_with_a_password_is_linked_by_an_admin(
    site: Site,
    provider: TestProvider,
    browser: httpx.Client,
    run_command: Callable[..., tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session_of(site.desk.database, "Alice", Role.OPERATOR)
    assert "aftercare users link alice s-1" in go(browser).text
    code, said = run_command("users", "link", "alice", "s-1")
    assert code == 1
    assert "AFTERCARE_OIDC_ISSUER is not set" in said
    monkeypatch.setenv("AFTERCARE_OIDC_ISSUER", provider.issuer)
    assert run_command("users", "link", "alice", "s-1")[0] == 0
    assert run_command("users", "link", "alice", "s-1")[0] == 1
    assert go(browser).status_code == 303
    assert browser.get(f"{V1}/me").json() == {"name": "Alice", "role": "planner", "customer": None}
    with site.desk.database.transaction() as connection:
        assert identities.find_user(connection, issuer=provider.issuer, subject="s-1") == "Alice"


def test_without_a_provider_there_is_no_such_way(serve_with: Callable[..., AbstractContextManager[Site]]) -> None:
    with serve_with() as site, site.client(cookies={}) as browser:
        assert "Sign in with" not in browser.get("/sign-in").text
        for path in ("", "/callback?state=x", "/leave"):
            assert browser.get(f"/sign-in/openid{path}").status_code == 404
