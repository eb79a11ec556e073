"""`aftercare users` as its documentation says it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.account import Role

from .conftest import Desk

Run = Callable[..., tuple[int, str]]


@pytest.mark.parametrize("role", [str(role.value) for role in Role])
def test_a_user_is_given_each_role_by_its_name(run_command: Run, role: str) -> None:
    added, said = run_command("users", "add", "alice", "--role", role)
    assert added == 0, said
    assert run_command("users", "change", "alice", "--role", role) == (0, f"alice is {role}\n")
    assert f"alice  {role}" in run_command("users", "list")[1]


def test_a_role_that_there_is_not_is_refused(run_command: Run) -> None:
    code, said = run_command("users", "add", "alice", "--role", "chief")
    assert code == 2
    assert "'viewer', 'operator', 'planner', 'admin'" in said


@pytest.mark.parametrize("expires", ["soon", "9000y", "999999999999999y"])
def test_an_end_of_a_token_that_there_is_not_is_refused(run_command: Run, expires: str) -> None:
    assert run_command("users", "add", "erp", "--program")[0] == 0
    code, said = run_command("tokens", "create", "erp", "--expires", expires)
    assert (code, len(said.splitlines())) == (1, 1), said
    assert expires in said


@pytest.mark.parametrize("after", ["9000y", "999999999999999y"])
def test_a_step_that_never_comes_is_refused(run_command: Run, after: str) -> None:
    assert run_command("people", "add", "alice")[0] == 0
    code, said = run_command("people", "escalate", "night", f"{after}=alice")
    assert (code, len(said.splitlines())) == (1, 1), said


@pytest.mark.parametrize("takes", ["9000y", "999999999999999y"])
def test_a_way_that_takes_for_ever_is_refused(run_command: Run, takes: str) -> None:
    code, said = run_command("stock", "way", "south", "north", takes)
    assert (code, len(said.splitlines())) == (1, 1), said


@pytest.mark.parametrize("arguments", [("commands", "list", "--ticket", "9" * 30), ("commands", "show", "9" * 30)])
def test_a_number_that_no_column_holds_is_one_line(run_command: Run, arguments: tuple[str, ...]) -> None:
    code, said = run_command(*arguments)
    assert (code, len(said.splitlines())) == (1, 1), said


def test_a_customer_without_devices_is_taken_only_when_that_is_meant(run_command: Run, desk: Desk) -> None:
    for number, customer in enumerate(("Northern Dairies", "Southern Mills")):
        device_id = desk.add_device(f"d{number}")
        desk.rows("UPDATE devices SET customer = %s WHERE device_id = %s", customer, device_id)
    for command in ("add", "change"):
        code, said = run_command("users", command, "maria", "--role", "viewer", "--customer", "northern dairy")
        assert code == 1
        assert "'northern dairy': did you mean 'Northern Dairies'? --new-customer takes one" in said
    assert "look the name up at a device" in run_command("users", "add", "maria", "--customer", "xyz")[1]
    assert run_command("users", "add", "maria", "--customer", "Northern Dairies")[0] == 0
    assert run_command("users", "change", "maria", "--role", "viewer", "--customer", "New", "--new-customer")[0] == 0
    assert "sees New only" in run_command("users", "list")[1]
