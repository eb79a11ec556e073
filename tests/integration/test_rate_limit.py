"""429 for who sends too much, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aftercare.access import COOKIE
from domain.account import Role

from .conftest import session_of
from .test_api import problem
from .test_client import token_of

V1 = "/api/v1"


def test_a_session_that_sends_too_much_is_told_when_to_come_again(serve_with: Callable[..., Any]) -> None:
    with serve_with(api_rate=1) as site, site.client() as client:
        answers = [client.get(f"{V1}/me") for _ in range(12)]
        assert [answer.status_code for answer in answers[:10]] == [200] * 10
        refused = next(answer for answer in answers if answer.status_code == 429)
        problem(refused, 429)
        assert refused.headers["retry-after"] == "1"
        assert client.get(f"{V1}/health").status_code == 200
        with site.client(cookies={COOKIE: session_of(site.desk.database, "another")}) as other:
            assert "aftercare_http_rate_limited_total" in other.get(f"{V1}/metrics").text


def test_another_way_to_write_who_asks_is_no_other_sender(serve_with: Callable[..., Any]) -> None:
    with serve_with(api_rate=1) as site, site.client() as client:
        answers = [client.get(f"{V1}/me", headers={"Authorization": f"Basic {number}"}) for number in range(12)]
        assert 429 in [answer.status_code for answer in answers]
        bearer = token_of(site.desk, Role.VIEWER)
        ways = [f"{scheme} {' ' * number}{bearer}" for scheme in ("Bearer", "bearer") for number in range(6)]
        answers = [client.get(f"{V1}/me", headers={"Authorization": way}) for way in ways]
        assert 429 in [answer.status_code for answer in answers]
