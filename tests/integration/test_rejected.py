"""Rejected messages as people find them: by command, over the API and in the console; and what a replay tells."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from aftercare.cli.main import commands
from domain.errors import AftercareError, NotFoundError
from store import rejected
from store.rejected import RejectedMessage

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
PATH = "/api/v1/rejected-messages"
NOTHING = "no rejected message waits"


@pytest.fixture
def run(site: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command and gives what it printed; an error of ours is raised."""
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", site.desk.database.url)

    def call(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(commands, arguments)
        if isinstance(result.exception, AftercareError):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.output

    return call


@pytest.fixture
def messages(site: Any) -> Any:
    """Three of a device, one of them twice, and one on a topic that names no device."""
    sent = [
        RejectedMessage("devices/pump/telemetry", b'{"values": {"mach": 1}}', "ts is missing", NOON),
        RejectedMessage("devices/pump/telemetry", b"\x1b[2Jhello", "it is not JSON", NOON),
        RejectedMessage(
            "devices/pump/telemetry",
            b'{"ts": "2026-01-31T12:00:00Z", "values": {"mach": 0.5}}',
            "device 'pump' is not registered",
            NOON,
        ),
        RejectedMessage("devices/../x", b"\xff\xfe" * 400, "no codec reads this topic", NOON),
    ]
    with site.desk.database.transaction() as connection:
        rejected.record(connection, sent)
    with site.desk.database.transaction() as connection:
        again = RejectedMessage(sent[0].topic, sent[0].payload, sent[0].reason, NOON + timedelta(hours=1))
        rejected.record(connection, [again])
    return site


def test_the_command_lists_what_waits_and_why(messages: Any, run: Callable[..., str]) -> None:
    told = run("rejected")
    assert "2 times, 2026-01-31 12:00:00 to 2026-01-31 13:00:00, 23 bytes" in told
    assert "no codec reads this topic" in told
    assert "\x1b" not in told

    listed = [json.loads(line) for line in run("rejected", "--device", "pump", "--json").splitlines()]
    assert {one["reason"]: one["times"] for one in listed} == {
        "ts is missing": 2,
        "it is not JSON": 1,
        "device 'pump' is not registered": 1,
    }
    [other] = [json.loads(line) for line in run("rejected", "--device", "(other names)", "--json").splitlines()]
    assert other["topic"] == "devices/../x"
    assert run("rejected", "--reason", "TS IS").count("bytes") == 1
    assert "more than 2" in run("rejected", "--limit", "2")
    assert NOTHING in run("rejected", "--device", "nobody")


def test_one_message_is_shown_whole_and_does_nothing_to_the_terminal(messages: Any, run: Callable[..., str]) -> None:
    ids = {one["reason"]: str(one["rejected_id"]) for one in map(json.loads, run("rejected", "--json").splitlines())}

    assert "\\x1b[2Jhello" in run("rejected", "--show", ids["it is not JSON"])
    whole = json.loads(run("rejected", "--show", ids["no codec reads this topic"], "--json"))
    assert base64.b64decode(whole["payload_base64"]) == b"\xff\xfe" * 400
    assert run("rejected", "--show", ids["no codec reads this topic"]).count("ff fe") == 400
    with pytest.raises(NotFoundError, match="no rejected message 999 waits"):
        run("rejected", "--show", "999")
    assert "names one message" in run("rejected", "--show", "1", "--device", "pump", code=2)


def test_a_replay_tells_why_the_rest_still_fails_and_that_it_does(messages: Any, run: Callable[..., str]) -> None:
    messages.desk.add_device("pump")

    told = run("replay-rejected", "--device", "pump", code=1)

    assert "1 of 3 rejected messages are stored now" in told
    assert "1 not: ts is missing" in told
    assert messages.desk.value("SELECT count(*) FROM readings_turbofan_fd001") == 1
    reasons = [json.loads(line)["reason"] for line in run("rejected", "--device", "pump", "--json").splitlines()]
    assert len(reasons) == 2
    assert "it is not JSON" not in reasons, "the reason is why it fails now"
    assert "0 of 0" in run("replay-rejected", "--reason", "nothing is so")


def test_a_replay_leaves_alone_what_devices_answered(messages: Any, run: Callable[..., str]) -> None:
    topics = ("devices/hp/commands/1-00000000/response", "devices/hp/twin/reported")
    answered = [RejectedMessage(topic, b"{}", "late: the command has ended", NOON) for topic in topics]
    with messages.desk.database.transaction() as connection:
        rejected.record(connection, answered)

    assert "0 of 0" in run("replay-rejected", "--device", "hp")
    assert run("rejected", "--reason", "late:").count("bytes") == 2


def test_what_came_on_other_names_is_discarded_and_that_is_on_record(messages: Any, run: Callable[..., str]) -> None:
    assert "1 messages of (other names) are deleted" in run("devices", "discard", "(other names)")
    assert NOTHING in run("rejected", "--device", "(other names)")
    assert messages.desk.rows("SELECT action, object_id FROM audit_log") == [("discard messages", "(other names)")]


def test_the_api_lists_them_by_pages_and_gives_one_whole(messages: Any) -> None:
    with messages.client() as client:
        first = client.get(PATH, params={"limit": 3}).json()
        second = client.get(PATH, params={"limit": 3, "after": first["next"]}).json()
        assert [len(first["items"]), len(second["items"]), second["next"]] == [3, 1, None]
        assert [one["device"] for one in client.get(PATH, params={"reason": "codec"}).json()["items"]] == [""]
        found = client.get(PATH, params={"reason": "JSON"}).json()["items"][0]
        whole = client.get(f"{PATH}/{found['rejected_id']}").json()
        assert whole["payload_text"] == "\\x1b[2Jhello"
        assert base64.b64decode(whole["payload_base64"]) == b"\x1b[2Jhello"
        assert client.get(f"{PATH}/999").status_code == 404


def test_the_console_shows_them(messages: Any) -> None:
    with messages.client() as client:
        page = client.get("/rejected").text
        assert "ts is missing" in page
        assert "(other names)" in page
        number = page.partition('href="/rejected/')[2].partition('"')[0]
        assert client.get(f"/rejected/{number}").status_code == 200
        assert "ts is missing" not in client.get("/rejected?device=%28other+names%29").text
        assert "No rejected message is so" in client.get("/rejected?device=nobody").text
        assert client.get("/rejected/999").status_code == 404
