"""Which role a request needs."""

from __future__ import annotations

import pytest

from access.rules import RULES, require, rule_for
from domain.account import Caller, Role
from domain.errors import ForbiddenError, PasswordToChooseError


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/api/v1/health", None),
        ("POST", "/api/v1/health", Role.PLANNER),
        ("GET", "/api/v1/healthy", Role.VIEWER),
        ("GET", "/static/console.css", None),
        ("POST", "/sign-in", None),
        ("GET", "/", Role.VIEWER),
        ("HEAD", "/tickets", Role.VIEWER),
        ("POST", "/tickets/1/accept", Role.PLANNER),
        ("POST", "/api/v1/alarms/1/acknowledge", Role.OPERATOR),
        ("GET", "/api/v1/alarms", Role.VIEWER),
        ("PUT", "/api/v1/contracts", Role.PLANNER),
        ("POST", "/api/v1/commands", Role.VIEWER),
        ("POST", "/api/v1/commands/1/cancel", Role.OPERATOR),
        ("GET", "/api/v1/users", Role.ADMIN),
        ("GET", "/api/v1/users/x\ny/rights", Role.ADMIN),
        ("GET", "/api/v1/webhooks", Role.PLANNER),
        ("DELETE", "/api/v1/receivers/1", Role.ADMIN),
        ("GET", "/what/comes/next", Role.VIEWER),
        ("POST", "/what/comes/next", Role.PLANNER),
        ("BREW", "/alarms/1", Role.PLANNER),
    ],
)
def test_an_address_needs_a_role(method: str, path: str, role: Role | None) -> None:
    assert rule_for(method, path).role is role


def test_each_role_may_do_what_those_before_it_may() -> None:
    roles = list(Role)
    for have in roles:
        for need in roles:
            assert have.includes(need) == (roles.index(have) >= roles.index(need))


def test_a_rule_is_of_use() -> None:
    for number, rule in enumerate(RULES):
        for path in rule.paths:
            for method in rule.methods:
                path = f"{path}/below" if rule.below else path
                assert not any(earlier.covers(method, path) for earlier in RULES[:number])


def test_whoever_has_a_one_time_password_replaces_it_first() -> None:
    caller = Caller(1, "alice", Role.ADMIN, must_choose_password=True)
    for path in ("/password", "/sign-out"):
        require(rule_for("POST", path), caller, path)
    for path in ("/", "/password/x", "/users", "/api/v1/me"):
        with pytest.raises(PasswordToChooseError):
            require(rule_for("GET", path), caller, path)


@pytest.mark.parametrize(
    "path",
    ["/models", "/rejected/1", "/api/v1/metrics", "/api/v1/model-versions/1/report", "/api/v1/technicians"],
)
def test_a_customers_user_sees_nothing_of_the_works(path: str) -> None:
    require(rule_for("GET", path), Caller(1, "own", Role.VIEWER), path)
    with pytest.raises(ForbiddenError, match="not for the users of a customer"):
        require(rule_for("GET", path), Caller(2, "guest", Role.VIEWER, customer="acme"), path)
