"""Which role each address of the API and the console needs: one table, with a safe default for what is not in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from domain.account import Caller, Role
from domain.errors import ForbiddenError, PasswordToChooseError

READS = frozenset({"GET", "HEAD", "OPTIONS"})
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
EITHER = READS | WRITES
API = "/api/v1"
CHOOSE_PASSWORD, SIGN_OUT = "/password", "/sign-out"


@dataclass(frozen=True, slots=True)
class Rule:
    """`paths` and, unless `below` says no, everything below them need `role`; None: nobody has to be known. Customers'
    users only where `customers` says so."""

    methods: Collection[str]
    paths: Collection[str]
    role: Role | None
    customers: bool = False
    below: bool = True

    def covers(self, method: str, path: str) -> bool:
        return method in self.methods and any(
            path == one or (self.below and path.startswith(f"{one}/")) for one in self.paths
        )


RULES = (
    Rule(READS, (f"{API}/health", "/static"), None, customers=True),
    Rule(EITHER, ("/sign-in",), None, customers=True),
    Rule(EITHER, (CHOOSE_PASSWORD, SIGN_OUT, f"{API}/me"), Role.VIEWER, customers=True),
    Rule(WRITES, ("/tour",), Role.VIEWER, customers=True),
    Rule(WRITES, (f"{API}/problem-reports", "/problem-reports"), Role.VIEWER, customers=True),
    Rule(EITHER, (f"{API}/users", f"{API}/api-tokens", f"{API}/audit-log", "/users", "/audit-log"), Role.ADMIN),
    Rule(READS, (f"{API}/webhooks", f"{API}/receivers", f"{API}/people", f"{API}/escalations"), Role.PLANNER),
    Rule(WRITES, (f"{API}/webhooks", f"{API}/receivers", f"{API}/people", f"{API}/escalations"), Role.ADMIN),
    Rule(WRITES, (f"{API}/alarms", "/alarms"), Role.OPERATOR),
    Rule(WRITES, (f"{API}/troubleshooting-answers", "/troubleshooting-answers"), Role.VIEWER, customers=True),
    Rule(WRITES, (f"{API}/troubleshooting", "/troubleshooting"), Role.OPERATOR),
    Rule(WRITES, (f"{API}/commands", "/commands"), Role.VIEWER, customers=True, below=False),
    Rule(WRITES, (f"{API}/commands", f"{API}/fleet-commands", "/commands", "/fleet-commands"), Role.OPERATOR),
    Rule(READS, (f"{API}/fleet-commands", "/fleet-commands"), Role.VIEWER),
    Rule(WRITES, ("/predictions/views",), Role.VIEWER),
    Rule(READS, (f"{API}/metrics", f"{API}/model-versions", "/models", "/calendar"), Role.VIEWER),
    Rule(READS, (f"{API}/rejected-messages", "/rejected"), Role.VIEWER),
    Rule(READS, (f"{API}/figures", f"{API}/technicians", "/figures", "/parts", "/returns"), Role.VIEWER),
)
"""The first that covers a request decides."""
LOOKING = Rule(READS, ("",), Role.VIEWER, customers=True)
CHANGING = Rule(WRITES, ("",), Role.PLANNER)


def rule_for(method: str, path: str) -> Rule:
    """What a request needs. What nobody has thought of: a viewer may look, a planner may change."""
    for rule in RULES:
        if rule.covers(method, path):
            return rule
    return LOOKING if method in READS else CHANGING


def require(rule: Rule, caller: Caller, path: str) -> None:
    """Raises ForbiddenError."""
    if caller.must_choose_password and path not in (CHOOSE_PASSWORD, SIGN_OUT):
        raise PasswordToChooseError(
            "this is a one-time password: sign in to the console and choose one of your own first"
        )
    if rule.role is not None and not caller.role.includes(rule.role):
        raise ForbiddenError(f"this needs the role {rule.role}, and {caller.name} is {caller.role}")
    if caller.customer is not None and not rule.customers:
        raise ForbiddenError(f"this is not for the users of a customer, and {caller.name} is one of {caller.customer}")


def is_open(method: str, path: str, caller: Caller | None) -> bool:
    """Whether this request would be let through. `caller`: None for a stranger."""
    rule = rule_for(method, path)
    if caller is None or rule.role is None:
        return rule.role is None
    try:
        require(rule, caller, path)
    except ForbiddenError:
        return False
    return True
