"""Guided troubleshooting over HTTP, on pages and on the command line; the runs are in tests/integration/diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aftercare.access import COOKIE
from domain.account import Role
from domain.device import Device
from store import devices

from .conftest import Desk, session_of

V1 = "/api/v1"
OIL = {"device": "sc-1", "failure_mode": "oil_degradation"}


def register(desk: Desk) -> None:
    with desk.database.transaction() as connection:
        for name, customer in (("sc-1", "acme"), ("sc-2", "other")):
            devices.save(connection, [Device(name, "compressor", customer=customer, service_centre="north")])


def test_a_run_is_begun_answered_and_listed(site: Any) -> None:
    register(site.desk)
    with site.client() as client:
        begun = client.post(f"{V1}/troubleshooting", json=OIL)
        assert (begun.status_code, begun.json()["question"]["answers"]) == (201, ["yes", "no"])
        run_id = begun.json()["run"]["run_id"]
        told = {"run_id": run_id, "step": "oil_level", "answer": "no"}
        for status, path, body in (
            (409, "troubleshooting", OIL),
            (404, "troubleshooting", {**OIL, "device": "sc-9"}),
            (404, "troubleshooting", {**OIL, "failure_mode": "rust"}),
            (422, "troubleshooting-answers", {**told, "answer": "perhaps"}),
            (409, "troubleshooting-answers", {**told, "step": "self_test"}),
            (404, "troubleshooting-answers", {**told, "run_id": 99}),
        ):
            assert client.post(f"{V1}/{path}", json=body).status_code == status, (path, body)
        assert f"run {run_id} looks into" in client.post(f"{V1}/troubleshooting", json=OIL).json()["detail"]
        ended = client.post(f"{V1}/troubleshooting-answers", json=told).json()
        assert (ended["run"]["outcome"], ended["run"]["parts"]) == ("ticket", {"SC-OIL-20L": 2})
        assert [entry["answer"] for entry in ended["trail"]] == ["no"]
        ticket_id = ended["run"]["ticket_id"]
        listed = client.get(f"{V1}/troubleshooting", params={"ticket_id": ticket_id}).json()["items"]
        assert [run["run_id"] for run in listed] == [run_id]
        assert client.get(f"{V1}/troubleshooting", params={"under_way": True}).json()["items"] == []
        assert client.post(f"{V1}/troubleshooting/{run_id}/stop", json={"reason": "late"}).status_code == 409
        assert "Oil is missing" in client.get(f"/tickets/{ticket_id}").text


def test_roles_and_a_question_for_the_customer(site: Any) -> None:
    register(site.desk)

    def signed_in(name: str, role: Role, customer: str | None = None) -> Any:
        return site.client(cookies={COOKIE: session_of(site.desk.database, name, role, customer)})

    with signed_in("oscar", Role.OPERATOR) as operator, signed_in("vera", Role.VIEWER) as viewer:
        assert viewer.post(f"{V1}/troubleshooting", json=OIL).status_code == 403
        run_id = operator.post(f"{V1}/troubleshooting", json=OIL).json()["run"]["run_id"]
    told = {"run_id": run_id, "step": "oil_level", "answer": "no"}
    with signed_in("otto", Role.VIEWER, "other") as stranger:
        assert stranger.get(f"{V1}/troubleshooting/{run_id}").status_code == 404
        assert stranger.post(f"{V1}/troubleshooting-answers", json=told).status_code == 404
        assert stranger.get(f"/troubleshooting/{run_id}").status_code == 404
    with signed_in("carla", Role.VIEWER, "acme") as customer:
        assert "Asks you" in customer.get("/devices/sc-1").text
        assert "Is the oil level between the marks" in customer.get(f"/troubleshooting/{run_id}").text
        assert customer.post(f"{V1}/troubleshooting/{run_id}/stop", json={"reason": "no"}).status_code == 403
        answered = customer.post(f"{V1}/troubleshooting-answers", json=told)
        assert answered.json()["run"]["outcome"] == "ticket"
        assert answered.json()["trail"][0]["who"] == "carla"
        assert "Asks you" not in customer.get("/devices/sc-1").text


def test_an_operator_question_is_not_for_viewers(site: Any) -> None:
    register(site.desk)
    site.desk.rows(
        "INSERT INTO devices (name, device_model, customer, service_centre) "
        "VALUES ('hp-1', 'heat_pump', 'acme', 'north')"
    )
    with site.client() as client:
        run = client.post(f"{V1}/troubleshooting", json={"device": "hp-1", "failure_mode": "worn_compressor_bearing"})
        run_id = run.json()["run"]["run_id"]
    site.desk.rows("UPDATE troubleshooting_runs SET step = 'feet', command_id = NULL")
    cookies = {COOKIE: session_of(site.desk.database, "carla", Role.VIEWER, "acme")}
    with site.client(cookies=cookies) as customer:
        told = {"run_id": run_id, "step": "feet", "answer": "yes"}
        assert customer.post(f"{V1}/troubleshooting-answers", json=told).status_code == 403
        assert "Asks you" not in customer.get("/devices/hp-1").text
        assert "An operator answers this" in customer.get(f"/troubleshooting/{run_id}").text


@pytest.mark.parametrize("form", [{}, {"run_id": "x"}, {"run_id": "0"}, {"run_id": "9" * 30}])
def test_a_form_that_was_tampered_with_is_refused(site: Any, form: dict[str, str]) -> None:
    with site.client() as client:
        assert client.post("/troubleshooting-answers", data=form).status_code == 422


def test_the_command_line_does_the_same(desk: Desk, run_command: Callable[..., tuple[int, str]]) -> None:
    register(desk)
    code, said = run_command("troubleshoot", "start", "sc-1", "oil_degradation", "--who", "anna")
    assert (code, "asks the customer: Is the oil level" in said) == (0, True)
    assert run_command("troubleshoot", "start", "sc-1", "oil_degradation")[0] == 1
    assert "it has yes, no" in run_command("troubleshoot", "answer", "1", "oil_level", "maybe")[1]
    assert "at oil_level" in run_command("troubleshoot", "list", "--under-way")[1]
    code, said = run_command("troubleshoot", "stop", "1", "--reason", "calls back")
    assert (code, "stopped: calls back" in said) == (0, True)
    assert run_command("troubleshoot", "show", "7")[0] == 1
    assert '"outcome": "stopped"' in run_command("troubleshoot", "show", "1", "--json")[1]
