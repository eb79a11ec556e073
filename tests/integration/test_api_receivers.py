"""Webhooks and people over the API and the command line, as an administrator sets them up, mistakes included."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from aftercare.cli.main import commands
from domain.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError

from .receiving import is_signed, receiving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import httpx

    from .conftest import Desk, Site

    Serve = Callable[..., AbstractContextManager[Site]]

API = "/api/v1"


@pytest.fixture
def client(serve_with: Serve) -> Iterator[httpx.Client]:
    with serve_with(local_receivers=True) as site, site.client() as client:
        yield client


def test_a_webhook_is_added_tried_rotated_and_removed_and_its_secret_shown_once(client: httpx.Client) -> None:
    with receiving() as receiver:
        url = receiver.url.replace("http://", "http://me:hidden@") + "?token=hidden"
        added = client.post(f"{API}/webhooks", json={"name": "erp", "url": url})
        assert added.status_code == 201, added.text
        secret, path = added.json()["secret"], f"{API}/receivers/{added.json()['receiver_id']}"
        assert client.post(f"{path}/test").json() == {"taken": True, "reason": ""}
        assert is_signed(*receiver.asked[0], secret)
        assert json.loads(receiver.asked[0][1])["type"] == "aftercare.test"
        receiver.behaviour = lambda *_: 500
        assert client.post(f"{path}/test").json() == {"taken": False, "reason": "it answered 500"}
    listed = client.get(f"{API}/webhooks").text
    assert secret not in listed
    assert "hidden" not in listed
    rotated = client.post(f"{API}/webhooks/{added.json()['receiver_id']}/rotate").json()["secret"]
    assert rotated != secret
    assert client.post(f"{path}/resume").json()["again"] == 0
    assert client.get(f"{path}/refused").json() == []
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_people_have_channels_and_quiet_hours(client: httpx.Client) -> None:
    detail = {"time_zone": "Europe/Berlin", "groups": ["ops"], "quiet_from": "22:00", "quiet_to": "06:30"}
    assert client.put(f"{API}/people/alice", json=detail).status_code == 200
    channel = {"name": "phone", "address": "json://me:hidden@127.0.0.1:9/x"}
    added = client.post(f"{API}/people/alice/channels", json=channel)
    assert added.status_code == 201, added.text
    assert added.json()["subscription"]["changes"] == ["raised", "escalated", "reminded", "resumed", "cleared"]
    [alice] = client.get(f"{API}/people").json()
    assert "hidden" not in json.dumps(alice)
    assert (alice["quiet_to"], [one["name"] for one in alice["channels"]]) == ("06:30:00", ["alice/phone"])
    assert client.post(f"{API}/webhooks/{added.json()['receiver_id']}/rotate").status_code == 404
    assert client.delete(f"{API}/people/alice").status_code == 204
    assert client.get(f"{API}/people").json() == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/webhooks", {"name": "x", "url": "ftp://example.com"}, 422),
        ("/webhooks", {"name": "/", "url": "http://127.0.0.1/"}, 422),
        ("/webhooks", {"name": "x", "url": "http://127.0.0.1/", "subscription": {"severities": ["BAD"]}}, 422),
        ("/webhooks", {"name": "x", "url": "http://127.0.0.1/", "subscription": {"kinds": []}}, 422),
        ("/people/nobody/channels", {"name": "x", "address": "json://example.com"}, 404),
    ],
)
def test_what_cannot_be_is_answered_with_the_reason(
    client: httpx.Client, path: str, body: dict[str, Any], status: int
) -> None:
    answer = client.post(f"{API}{path}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


def test_half_of_the_quiet_hours_is_refused(client: httpx.Client) -> None:
    assert client.put(f"{API}/people/alice", json={"quiet_from": "22:00"}).status_code == 422


def test_this_machine_is_no_webhook_unless_a_setting_says_so(serve_with: Serve) -> None:
    with serve_with() as site, site.client() as client:
        answer = client.post(f"{API}/webhooks", json={"name": "x", "url": "http://169.254.169.254/latest"})
    assert answer.status_code == 422
    assert "AFTERCARE_LOCAL_RECEIVERS" in answer.json()["detail"]


@pytest.fixture
def run(desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", database_url)
    monkeypatch.setenv("AFTERCARE_LOCAL_RECEIVERS", "true")

    def run(*arguments: str) -> str:
        return str(CliRunner().invoke(commands, arguments, catch_exceptions=False, standalone_mode=False).output)

    return run


def test_the_command_line_adds_tries_lists_and_removes(run: Callable[..., str]) -> None:
    assert "no webhook yet" in run("webhooks", "list")
    with receiving() as receiver:
        added = json.loads(run("webhooks", "add", "erp", receiver.url, "--severity", "CRITICAL", "--json"))
        assert added["secret"].startswith("whsec_")
        assert "took it" in run("webhooks", "test", "erp")
        run("people", "add", "alice", "--quiet", "22:00-06:30", "--group", "ops")
        run("people", "tell", "alice", "phone", f"json://127.0.0.1:{receiver.port}/")
        assert "took it" in run("people", "test", "alice/phone")
    with pytest.raises(UnavailableError, match="did not take it"):
        run("webhooks", "test", "erp")
    with pytest.raises(UnavailableError, match="JSON did not take it"):
        run("people", "test", "alice/phone")
    run("people", "escalate", "night", "10m=alice", "30m=@ops")
    assert "after 0:10:00: alice; after 0:30:00: @ops" in run("people", "escalations")
    assert "quiet 22:00-06:30 but for what is CRITICAL" in run("people", "list")
    assert "tried again" in run("webhooks", "resume", "erp")
    assert run("webhooks", "refused", "erp") == ""
    run("people", "remove", "alice/phone")
    run("people", "remove", "alice")
    run("people", "no-escalation", "night")
    assert "0 changes that waited" in run("webhooks", "remove", "erp")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("webhooks", "add", "x", "http://no-such-host.invalid/"), InvalidInputError, "nothing knows the host"),
        (("webhooks", "resume", "none"), NotFoundError, "no webhook is named 'none'"),
        (("people", "add", "alice", "--quiet", "22-nine"), InvalidInputError, "HH:MM-HH:MM"),
        (("people", "add", "alice", "--quiet", "22:00-22:00"), InvalidInputError, "no length"),
        (("people", "escalate", "p", "soon"), InvalidInputError, "AFTER=WHO"),
        (("people", "remove", "alice"), NotFoundError, "nobody is called 'alice'"),
    ],
)
def test_mistakes_are_told_in_one_line(
    run: Callable[..., str], arguments: tuple[str, ...], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        run(*arguments)


def test_a_name_is_given_once(run: Callable[..., str]) -> None:
    run("webhooks", "add", "erp", "http://127.0.0.1:9/")
    with pytest.raises(ConflictError, match="already"):
        run("webhooks", "add", "erp", "http://127.0.0.1:9/")


def test_escalations_are_set_listed_changed_and_removed(client: httpx.Client) -> None:
    path = f"{API}/escalations/night"
    detail = {"subscription": {"severities": ["CRITICAL"]}, "steps": [{"after_minutes": 10, "calls": ["alice"]}]}
    assert client.put(path, json=detail).status_code == 422, "nobody is called alice"
    client.put(f"{API}/people/alice", json={"groups": ["ops"]})
    assert client.put(path, json=detail).json()["steps"] == detail["steps"]
    detail["steps"] = [*detail["steps"], {"after_minutes": 30.5, "calls": ["@ops"]}]  # type: ignore[misc]
    assert client.put(path, json=detail).json()["waiting"] == 0
    [listed] = client.get(f"{API}/escalations").json()
    assert (listed["name"], listed["steps"]) == ("night", detail["steps"])
    assert listed["subscription"]["severities"] == ["CRITICAL"]
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
    assert client.get(f"{API}/escalations").json() == []


@pytest.mark.parametrize(
    "detail",
    [
        {"steps": []},
        {"steps": [{"after_minutes": -1, "calls": ["@ops"]}]},
        {"steps": [{"after_minutes": 1e12, "calls": ["@ops"]}]},
        {"steps": [{"after_minutes": 9, "calls": ["@ops"]}, {"after_minutes": 9, "calls": ["@ops"]}]},
        {"steps": [{"after_minutes": 9, "calls": []}]},
        {"steps": [{"after_minutes": 9, "calls": ["@ops"]}], "subscription": {"severities": ["LOUD"]}},
    ],
)
def test_an_escalation_that_cannot_be_is_refused(client: httpx.Client, detail: dict[str, Any]) -> None:
    client.put(f"{API}/people/alice", json={"groups": ["ops"]})
    assert client.put(f"{API}/escalations/night", json=detail).status_code == 422
    assert client.get(f"{API}/escalations").json() == []
