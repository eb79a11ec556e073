"""What an OpenID provider's claims say of a person: their name, and what they may do here. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.account import LONGEST_NAME, Role, check_name
from domain.errors import ConfigurationError, InvalidInputError, NotSignedInError

EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class ClaimMapping:
    """Which claims tell what. `roles`: a value of the claim `role_claim` and the role that it gives; `*` stands for
    everybody whom the provider knows. A dot in a claim's name goes into an object."""

    name_claim: str
    role_claim: str
    roles: Sequence[tuple[str, Role]]
    customer_claim: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who came back from the provider."""

    name: str
    role: Role
    customer: str | None


def parse_roles(text: str) -> Sequence[tuple[str, Role]]:
    """`admin=it-admins; viewer=*` as pairs of value and role. Raises ConfigurationError."""
    pairs = []
    for entry in filter(None, (one.strip() for one in text.split(";"))):
        role, equals, value = (part.strip() for part in entry.partition("="))
        if not equals or not value or role not in list(Role):
            raise ConfigurationError(
                f"AFTERCARE_OIDC_ROLES is wrong at {entry!r}: write ROLE=VALUE with one of the roles "
                f"{', '.join(Role)}, several of them apart by semicolons"
            )
        pairs.append((value, Role(role)))
    return pairs


def is_told(claims: Mapping[str, Any], mapping: ClaimMapping) -> bool:
    """Whether the claims say all that the mapping asks for."""
    wanted = [mapping.role_claim, *([mapping.customer_claim] if mapping.customer_claim else [])]
    return all(_claim(claims, name) is not None for name in wanted)


def read_person(claims: Mapping[str, Any], mapping: ClaimMapping) -> Person:
    """Who it is, with the highest of their roles; a customer's user looks only.

    Raises NotSignedInError when no role maps, or InvalidInputError when a claim is not what it should be.
    """
    name = check_name(_name(claims, mapping.name_claim)[:LONGEST_NAME])
    told = _claim(claims, mapping.role_claim)
    values = told if isinstance(told, list) else [told]
    given = [role for value, role in mapping.roles if value == EVERYBODY or value in values]
    if not given:
        raise NotSignedInError(f"{name} has no role in Aftercare: ask an admin which group gives one")
    customer = _customer(claims, mapping.customer_claim)
    role = max(given, key=list(Role).index) if customer is None else Role.VIEWER
    return Person(name, role, customer)


def _name(claims: Mapping[str, Any], name_claim: str) -> str:
    found = (_claim(claims, claim) for claim in (name_claim, "email", "sub"))
    return next(name for name in found if isinstance(name, str) and name)


def _customer(claims: Mapping[str, Any], customer_claim: str | None) -> str | None:
    """None for the maker's own people, of whom the provider tells no customer."""
    told = _claim(claims, customer_claim) if customer_claim else None
    if told is None:
        return None
    if not isinstance(told, str) or not told.strip() or "\x00" in told:
        raise InvalidInputError(f"the claim {customer_claim} has to be the name of one customer")
    return told


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or what is inside of one by a path with dots; None when it is not told."""
    found: Any = claims.get(name)
    if found is None and "." in name:
        found = claims
        for step in name.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
    return found
