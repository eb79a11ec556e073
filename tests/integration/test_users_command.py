"""`aftercare users` as its documentation says it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.account import Role

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
