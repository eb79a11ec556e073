"""Signing in and out, and who bears a session or a token."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from access.passwords import hash_password, hash_token, is_outdated, is_password
from domain.account import LONGEST_NAME, LONGEST_PASSWORD, Caller, check_password
from domain.errors import InvalidInputError, NotSignedInError, TooManyAttemptsError
from store import api_tokens, audit, sessions, users
from store.database import Connection, Database
from store.sessions import Attempts
from store.users import StoredPassword

log = structlog.get_logger()
WINDOW = timedelta(minutes=15)
MOST_BY_BOTH, MOST_BY_ADDRESS, MOST_BY_NAME = 5, 50, 100
"""Attempts in vain within the window. By name alone the limit is loose, for else anybody could lock anybody out."""
WRONG = "name or password is wrong"


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long sessions last: unused, and at all."""

    idle: timedelta
    lifetime: timedelta


def sign_in(database: Database, *, name: str, password: str, address: str, now: datetime, lasting: Lasting) -> str:
    """The token of a new session. Raises NotSignedInError or TooManyAttemptsError."""
    name, password = name[: LONGEST_NAME + 1].replace("\x00", ""), password[: LONGEST_PASSWORD + 1]
    with database.transaction() as connection:
        refuse_too_many(
            sessions.note_attempt(connection, name=name.lower(), address=address, at=now, since=now - WINDOW)
        )
        stored = users.find_password(connection, name)
    if not is_password(password, stored.password_hash if stored else None) or stored is None:
        log.warning("sign-in refused", name=name, address=address)
        raise NotSignedInError(WRONG)
    renewed = hash_password(password) if is_outdated(stored.password_hash) else None
    with database.transaction() as connection:
        _require_unchanged(connection, stored)
        sessions.forgive(connection, name=name.lower(), address=address)
        sessions.forget_expired(connection, now=now, idle=lasting.idle, lifetime=lasting.lifetime)
        if renewed is not None:
            users.rehash(connection, verified=stored, password_hash=renewed)
        return begin_session(connection, user_id=stored.user_id, name=stored.name, by="password", now=now)


def _require_unchanged(connection: Connection, verified: StoredPassword) -> None:
    """Until the transaction ends. Raises NotSignedInError: a password may be reset while it is being verified, which
    takes long on purpose, and a session that began after the reset would outlive it."""
    users.lock(connection, verified.name)
    if users.find_password(connection, verified.name) != verified:
        raise NotSignedInError(WRONG)


def refuse_too_many(attempts: Attempts) -> None:
    """Raises TooManyAttemptsError."""
    refuse_attempts(
        attempts.by_both >= MOST_BY_BOTH or attempts.by_address >= MOST_BY_ADDRESS or attempts.by_name >= MOST_BY_NAME
    )


def refuse_attempts(too_many: bool) -> None:
    """Raises TooManyAttemptsError when there were."""
    if too_many:
        raise TooManyAttemptsError(
            f"too many attempts to sign in: wait {int(WINDOW.total_seconds() // 60)} minutes, "
            "or ask an admin to reset the password"
        )


def begin_session(connection: Connection, *, user_id: int, name: str, by: str, now: datetime) -> str:
    """The token of a new session, for somebody who has shown who they are."""
    token = secrets.token_urlsafe(32)
    sessions.begin(connection, token_hash=hash_token(token), user_id=user_id, at=now)
    users.note_sign_in(connection, user_id=user_id, at=now)
    audit.record(
        connection, at=now, who=name, action="signed in", object_kind="user", object_id=name, detail={"by": by}
    )
    return token


def sign_out(connection: Connection, caller: Caller, token: str, *, now: datetime) -> None:
    """End this session."""
    sessions.end(connection, token_hash=hash_token(token))
    audit.record(connection, at=now, who=caller.name, action="signed out", object_kind="user", object_id=caller.name)


def choose_password(
    database: Database, caller: Caller, *, present: str, chosen: str, address: str, now: datetime
) -> str:
    """Replace one's own password; every session ends, and a new one begins: its token.

    Raises InvalidInputError when the present one is wrong or the new one will not do, or TooManyAttemptsError.
    """
    check_password(chosen, caller.name)
    with database.transaction() as connection:
        refuse_too_many(
            sessions.note_attempt(connection, name=caller.name.lower(), address=address, at=now, since=now - WINDOW)
        )
        stored = users.find_password(connection, caller.name)
    if stored is None or not is_password(present, stored.password_hash):
        raise InvalidInputError("the present password is wrong")
    if present == chosen:
        raise InvalidInputError("the new password is the present one: choose another")
    hashed = hash_password(chosen)
    with database.transaction() as connection:
        _require_unchanged(connection, stored)
        sessions.forgive(connection, name=caller.name.lower(), address=address)
        users.set_password(connection, user_id=caller.user_id, password_hash=hashed, one_time=False, at=now)
        sessions.end_all(connection, user_id=caller.user_id)
        audit.record(
            connection,
            at=now,
            who=caller.name,
            action="chose password",
            object_kind="user",
            object_id=caller.name,
        )
        return begin_session(connection, user_id=caller.user_id, name=caller.name, by="password", now=now)


def who_bears(connection: Connection, *, token: str, now: datetime) -> Caller:
    """Whose API token it is. Raises NotSignedInError."""
    caller = api_tokens.find_caller(connection, token_hash=hash_token(token), now=now)
    if caller is None:
        raise NotSignedInError("this API token is unknown, expired or revoked: ask an admin for another")
    return caller


def whose_session(connection: Connection, *, token: str, now: datetime, lasting: Lasting) -> Caller:
    """Who signed in. Raises NotSignedInError."""
    caller = sessions.find_caller(
        connection, token_hash=hash_token(token), now=now, idle=lasting.idle, lifetime=lasting.lifetime
    )
    if caller is None:
        raise NotSignedInError("this session has ended: sign in again")
    return caller
