"""Whom an OpenID provider means by a subject, and who is on the way there and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.errors import ConflictError
from store.database import Connection
from store.sql import load

SQL = load("identities")


@dataclass(frozen=True, slots=True)
class Flow:
    """A browser that was sent to the provider. `nonce` is to come back in the ID token, `code_verifier` proves that
    the code is redeemed by whoever asked for it, `target` is where they wanted to go."""

    nonce: str
    code_verifier: str
    target: str
    began_at: datetime


def begin_flow(connection: Connection, flow: Flow, *, state_hash: bytes, forget_before: datetime) -> None:
    """Note a flow, and forget those that began before `forget_before`."""
    connection.execute(SQL["forget_flows"], {"since": forget_before})
    values = {"nonce": flow.nonce, "code_verifier": flow.code_verifier, "target": flow.target, "at": flow.began_at}
    connection.execute(SQL["begin_flow"], {"state_hash": state_hash, **values})


def take_flow(connection: Connection, *, state_hash: bytes) -> Flow | None:
    """The flow of this state, which is forgotten by it; None when there is none, or it was taken before."""
    row = connection.execute(SQL["take_flow"], {"state_hash": state_hash}).fetchone()
    return None if row is None else Flow(*row)


def find_user(connection: Connection, *, issuer: str, subject: str) -> str | None:
    """Name of the user whom the provider means; None for nobody yet."""
    row = connection.execute(SQL["find_user"], {"issuer": issuer, "subject": subject}).fetchone()
    return None if row is None else str(row[0])


def link(connection: Connection, *, issuer: str, subject: str, name: str, at: datetime) -> None:
    """From now on the provider means this user. Raises ConflictError when it means somebody already."""
    values = {"issuer": issuer, "subject": subject, "name": name, "at": at}
    if not connection.execute(SQL["link"], values).rowcount:
        raise ConflictError(
            f"the subject {subject!r} of {issuer} is linked to a user already: see 'aftercare users list'"
        )
