"""Passwords of devices at the broker: made at random, and kept only as the hash that Mosquitto reads."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from domain.errors import ConfigurationError

ITERATIONS = 101
"""As `mosquitto_passwd` has it. More would protect a password that a person chose; these hold 192 random bits, and
the broker, which has one thread, would pay for them at each connection of a fleet that comes back at once."""


def generate_password() -> str:
    """A new password of 32 characters."""
    return secrets.token_urlsafe(24)


def hash_password(password: str) -> str:
    """The hash of a password in Mosquitto's form: `$7$ITERATIONS$SALT$DIGEST`, PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def read_password_file(path: Path) -> dict[str, str]:
    """Hash by user name; empty when there is no such file. Raises ConfigurationError when it is not readable."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    entries = (line.partition(":") for line in lines if line.strip() and not line.startswith("#"))
    return {user: digest for user, _, digest in entries}


def write_password_file(path: Path, hashes: Mapping[str, str]) -> None:
    """Put the file in place at once, so that a broker which reads it meanwhile sees the old one or the new one.

    An existing file's owner and mode stay. Raises ConfigurationError when it cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(_lines(hashes.items()))
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            known = path.stat()
            os.chown(name, known.st_uid, known.st_gid)
            Path(name).chmod(known.st_mode & 0o777)
        else:
            Path(name).chmod(0o644)  # the broker runs as a user of its own
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error


def _lines(entries: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (f"{user}:{digest}\n" for user, digest in sorted(entries))
