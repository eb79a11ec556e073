"""Passwords as Argon2id hashes (RFC 9106), and random ones."""

from __future__ import annotations

import hashlib
import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher()
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each hash takes 64 MiB and a tenth of a second of a core: a flood of sign-ins must not take the machine."""
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is mistaken for something else when it is typed."""


def hash_password(password: str) -> str:
    """The hash with its settings and salt."""
    with _AT_ONCE:
        return HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether it is this one. Without a hash it takes as long, so that time does not tell which users there are."""
    with _AT_ONCE:
        try:
            return HASHER.verify(password_hash or _nobodys(), password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(password_hash: str) -> bool:
    """Whether today's settings are others than it was made with."""
    return HASHER.check_needs_rehash(password_hash)


def generate_password() -> str:
    """Twenty characters, 99 bits, in groups that can be read out."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))


def hash_token(token: str) -> bytes:
    """How sessions and API tokens are kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


@cache
def _nobodys() -> str:
    return HASHER.hash(secrets.token_hex())
