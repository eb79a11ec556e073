"""Users of the platform: who they are, and what their role lets them do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.errors import InvalidInputError

LONGEST_NAME = 100
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200


class Role(StrEnum):
    """Each may do what those before it may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    PLANNER = "planner"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether whoever has this role may do what `other` may do."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request. With a `customer` they see that customer's devices only. `must_choose_password`: they came
    with a one-time password and may do nothing but replace it."""

    user_id: int
    name: str
    role: Role
    customer: str | None = None
    must_choose_password: bool = False


@dataclass(frozen=True, slots=True)
class User:
    """An account. `by_provider`: they sign in by OpenID; `told_of_alarms`: a person of that name has channels."""

    user_id: int
    name: str
    role: Role
    customer: str | None
    created_at: datetime
    disabled_at: datetime | None
    last_signed_in_at: datetime | None
    has_password: bool
    by_provider: bool
    told_of_alarms: bool


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is known of a token; the token itself is kept nowhere."""

    api_token_id: int
    user: str
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def check_name(name: str) -> str:
    """The name. Raises InvalidInputError when it could be mistaken for another, or is too long."""
    if not name or name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInputError(
            f"{name[:LONGEST_NAME]!r} cannot be a user's name: give 1 to {LONGEST_NAME} printable characters "
            "without spaces around them"
        )
    return name


def check_password(password: str, name: str) -> str:
    """The password. Raises InvalidInputError, without repeating it."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidInputError(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    if password.casefold() == name.casefold() or len(set(password)) < 5:
        raise InvalidInputError("this password is easily guessed: choose one with more different characters")
    return password


def check_scope(role: Role, customer: str | None) -> None:
    """Raises InvalidInputError for a customer's user who could change something."""
    if customer is not None and (not customer.strip() or role is not Role.VIEWER):
        raise InvalidInputError("a customer's user only looks: name the customer, and give the role viewer")
