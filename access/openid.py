"""Signing in by an OpenID provider: to it, back from it, and who that is here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from access import accounts
from access.openid_claims import ClaimMapping, Person, is_told, read_person
from access.openid_provider import Provider
from access.passwords import hash_token
from access.signing_in import MOST_BY_ADDRESS, WINDOW, Lasting, begin_session, refuse_attempts
from domain.errors import AftercareError, ConflictError, NotSignedInError
from store import audit, identities, sessions, users
from store.database import Connection, Database
from store.identities import Flow

log = structlog.get_logger()
COMES_BACK_WITHIN = timedelta(minutes=10)
WHO = "openid connect"
"""Who did it, in the audit log, where the provider's word changed something."""


@dataclass(frozen=True, slots=True)
class OpenId:
    """A provider, and what its claims mean here."""

    provider: Provider
    mapping: ClaimMapping


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser brought back: the parameters of the address, and the state of its cookie."""

    parameters: Mapping[str, str]
    state: str
    redirect_uri: str
    address: str


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send a browser, and the state that it has to come back with."""

    url: str
    state: str


def depart(database: Database, openid: OpenId, *, target: str, redirect_uri: str, now: datetime) -> Departure:
    """Begin to sign in. Raises UnavailableError or ConfigurationError when the provider cannot be asked."""
    state, nonce, code_verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).decode().rstrip("=")
    url = openid.provider.authorization_url(state=state, nonce=nonce, challenge=challenge, redirect_uri=redirect_uri)
    with database.transaction() as connection:
        flow = Flow(nonce, code_verifier, target, now)
        identities.begin_flow(connection, flow, state_hash=hash_token(state), forget_before=now - COMES_BACK_WITHIN)
    return Departure(url, state)


def arrive(database: Database, openid: OpenId, answer: Answer, *, now: datetime, lasting: Lasting) -> tuple[str, str]:
    """The token of a new session, and where they wanted to go. A refusal is noted in the audit log.

    Raises NotSignedInError, TooManyAttemptsError, or what the provider or the accounts raise.
    """
    with database.transaction() as connection:
        attempts = sessions.note_attempt(connection, name=WHO, address=answer.address, at=now, since=now - WINDOW)
    refuse_attempts(attempts.by_both >= MOST_BY_ADDRESS)
    try:
        flow = _flow_of(database, answer, now)
        claims = _claims_of(openid, answer, flow)
        with database.transaction() as connection:
            sessions.forgive(connection, name=WHO, address=answer.address)
            sessions.forget_expired(connection, now=now, idle=lasting.idle, lifetime=lasting.lifetime)
            person = read_person(claims, openid.mapping)
            return _let_in(connection, openid.provider.client.issuer, claims["sub"], person, now), flow.target
    except AftercareError as error:
        log.warning("sign-in refused", by=WHO, address=answer.address, reason=str(error))
        with database.transaction() as connection:
            audit.record(
                connection,
                at=now,
                who=WHO,
                action="sign-in refused",
                object_kind="user",
                object_id="",
                detail={"reason": str(error), "address": answer.address},
            )
        raise


def _flow_of(database: Database, answer: Answer, now: datetime) -> Flow:
    state = answer.parameters.get("state", "")
    with database.transaction() as connection:
        flow = identities.take_flow(connection, state_hash=hash_token(state))
    if flow is None or not hmac.compare_digest(state.encode(), answer.state.encode()):
        raise NotSignedInError("this answer of the provider is not one that this browser waits for: sign in again")
    if now - flow.began_at > COMES_BACK_WITHIN:
        raise NotSignedInError("it took more than ten minutes to come back: sign in again")
    return flow


def _claims_of(openid: OpenId, answer: Answer, flow: Flow) -> Mapping[str, Any]:
    provider, parameters = openid.provider, answer.parameters
    if parameters.get("iss", provider.client.issuer) != provider.client.issuer:
        raise NotSignedInError("the answer came from another provider than was asked: sign in again")
    if "code" not in parameters:
        said = parameters.get("error_description") or parameters.get("error") or "it sent no code"
        raise NotSignedInError(f"the sign-in provider refused: {said[:200]}")
    tokens = provider.redeem(
        code=parameters["code"], code_verifier=flow.code_verifier, redirect_uri=answer.redirect_uri
    )
    claims = provider.check_id_token(tokens.get("id_token"), nonce=flow.nonce)
    if is_told(claims, openid.mapping):
        return claims
    return {**provider.user_info(tokens.get("access_token"), subject=claims["sub"]), **claims}


def _let_in(connection: Connection, issuer: str, subject: str, person: Person, now: datetime) -> str:
    name = identities.find_user(connection, issuer=issuer, subject=subject)
    if name is None:
        name = _make_user(connection, issuer, subject, person, now)
    user = users.get(connection, name)
    if user.disabled_at is not None:
        raise NotSignedInError(f"{name} is disabled: ask an admin")
    if (user.role, user.customer) != (person.role, person.customer):
        accounts.change_role(connection, name, role=person.role, customer=person.customer, who=WHO, now=now)
    return begin_session(connection, user_id=user.user_id, name=user.name, by=issuer, now=now)


def _make_user(connection: Connection, issuer: str, subject: str, person: Person, now: datetime) -> str:
    if users.list_users(connection, name=person.name):
        raise ConflictError(
            f"there is a user {person.name} already who signs in another way: if that is you, ask an admin to run "
            f"'aftercare users link {person.name} {subject}'"
        )
    accounts.add_program(connection, name=person.name, role=person.role, customer=person.customer, who=WHO, now=now)
    link(connection, person.name, issuer=issuer, subject=subject, who=WHO, now=now)
    return person.name


def link(connection: Connection, name: str, *, issuer: str, subject: str, who: str, now: datetime) -> None:
    """Let a user in whom the provider knows by this subject. Raises NotFoundError or ConflictError."""
    user = users.get(connection, name)
    identities.link(connection, issuer=issuer, subject=subject, name=user.name, at=now)
    audit.record(
        connection,
        at=now,
        who=who,
        action="linked",
        object_kind="user",
        object_id=user.name,
        detail={"issuer": issuer, "subject": subject},
    )
