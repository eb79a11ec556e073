"""Users and their tokens: each change with its line in the audit log."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from access.passwords import generate_password, hash_password, hash_token
from domain.account import LONGEST_NAME, Role, User, check_name, check_scope
from domain.errors import ConflictError, InvalidInputError
from store import api_tokens, audit, sessions, users
from store.database import Connection

FIRST_ADMIN = "admin"
TOKEN_PREFIX = "aftercare_"  # noqa: S105 - of every token, and no secret
"""Lets those who scan for leaked secrets find ours."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token, shown this once."""

    api_token_id: int
    token: str


def make_first_admin(connection: Connection, *, now: datetime, one_time: bool = True) -> str | None:
    """The password of the user `admin` when there was nobody yet; None otherwise."""
    users.hold(connection)
    if users.is_anybody_there(connection):
        return None
    return add_user(connection, name=FIRST_ADMIN, role=Role.ADMIN, who="first start", now=now, one_time=one_time)


def add_user(
    connection: Connection,
    *,
    name: str,
    role: Role,
    who: str,
    now: datetime,
    customer: str | None = None,
    one_time: bool = True,
) -> str:
    """The password of a new user, which is kept nowhere. Raises InvalidInputError or ConflictError."""
    user_id = _add(connection, name=name, role=role, customer=customer, who=who, now=now)
    return _give_password(connection, user_id=user_id, one_time=one_time, now=now)


def add_program(
    connection: Connection, *, name: str, role: Role, who: str, now: datetime, customer: str | None = None
) -> int:
    """Id of a user who bears tokens and cannot sign in. Raises InvalidInputError or ConflictError."""
    return _add(connection, name=name, role=role, customer=customer, who=who, now=now)


def reset_password(connection: Connection, name: str, *, who: str, now: datetime) -> str:
    """A one-time password in place of theirs; their sessions end. Raises NotFoundError."""
    users.lock(connection, name)
    user = users.get(connection, name)
    sessions.end_all(connection, user_id=user.user_id)
    _note(connection, "reset password", user, who, now)
    return _give_password(connection, user_id=user.user_id, one_time=True, now=now)


def change_role(
    connection: Connection, name: str, *, role: Role, customer: str | None, who: str, now: datetime
) -> User:
    """Raises NotFoundError, InvalidInputError, or ConflictError when no admin would be left."""
    user = users.get(connection, name)
    check_scope(role, customer)
    if role is not Role.ADMIN:
        _require_another_admin(connection, user)
    users.change(connection, user_id=user.user_id, role=role, customer=customer)
    _note(connection, "changed role", user, who, now, {"role": role, "customer": customer, "before": user.role})
    return users.get(connection, name)


def disable(connection: Connection, name: str, *, who: str, now: datetime) -> User:
    """Keep a user and their tokens out, from the next request on. Raises NotFoundError or ConflictError."""
    user = users.get(connection, name)
    if user.disabled_at is None:
        _require_another_admin(connection, user)
        users.set_disabled(connection, user_id=user.user_id, at=now)
        sessions.end_all(connection, user_id=user.user_id)
        _note(connection, "disabled", user, who, now)
    return users.get(connection, name)


def enable(connection: Connection, name: str, *, who: str, now: datetime) -> User:
    """Let a user in again. Raises NotFoundError."""
    user = users.get(connection, name)
    if user.disabled_at is not None:
        users.set_disabled(connection, user_id=user.user_id, at=None)
        _note(connection, "enabled", user, who, now)
    return users.get(connection, name)


def create_token(
    connection: Connection, name: str, *, label: str, who: str, now: datetime, expires_at: datetime | None = None
) -> NewToken:
    """A token that may do what the user of this name may do. Raises NotFoundError or InvalidInputError."""
    user = users.get(connection, name)
    if expires_at is not None and expires_at <= now:
        raise InvalidInputError(
            f"{expires_at.isoformat()} is past, so the token would never be good: give a later time"
        )
    if len(label) > LONGEST_NAME or "\x00" in label:
        raise InvalidInputError(f"a label has at most {LONGEST_NAME} characters")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    api_token_id = api_tokens.add(
        connection, token_hash=hash_token(token), user_id=user.user_id, label=label, at=now, expires_at=expires_at
    )
    _note(connection, "created token", user, who, now, {"api_token_id": api_token_id, "label": label})
    return NewToken(api_token_id, token)


def revoke_token(connection: Connection, api_token_id: int, *, who: str, now: datetime) -> None:
    """End a token from the next request on. Raises NotFoundError."""
    api_tokens.revoke(connection, api_token_id, at=now)
    audit.record(connection, at=now, who=who, action="revoked token", object_kind="api token", object_id=api_token_id)


def _add(connection: Connection, *, name: str, role: Role, customer: str | None, who: str, now: datetime) -> int:
    check_scope(role, customer)
    user_id = users.add(connection, name=check_name(name), role=role, customer=customer, at=now)
    audit.record(
        connection,
        at=now,
        who=who,
        action="added",
        object_kind="user",
        object_id=name,
        detail={"role": role, "customer": customer},
    )
    return user_id


def _give_password(connection: Connection, *, user_id: int, one_time: bool, now: datetime) -> str:
    password = generate_password()
    users.set_password(connection, user_id=user_id, password_hash=hash_password(password), one_time=one_time, at=now)
    return password


def _require_another_admin(connection: Connection, user: User) -> None:
    if users.working_admins(connection) == {user.user_id}:
        raise ConflictError(f"{user.name} is the only admin: make another one first")


def _note(
    connection: Connection, action: str, user: User, who: str, now: datetime, detail: Mapping[str, Any] | None = None
) -> None:
    audit.record(connection, at=now, who=who, action=action, object_kind="user", object_id=user.name, detail=detail)
