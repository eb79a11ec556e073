"""Passwords as hashes."""

from __future__ import annotations

import pytest

from access.passwords import generate_password, hash_password, hash_token, is_outdated, is_password
from domain.account import Role, check_name, check_password, check_scope
from domain.errors import InvalidInputError


def test_only_the_password_itself_is_it() -> None:
    hashed = hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$")
    assert is_password("correct horse battery", hashed)
    assert not is_password("correct horse batter", hashed)
    assert not is_password("correct horse battery", None)
    assert not is_password("correct horse battery", "not a hash")
    assert not is_outdated(hashed)
    assert is_outdated("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$cXdlcnR5dWlvcGFzZGZnaA")


def test_random_passwords_will_do_and_differ() -> None:
    made = {generate_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        check_password(password, "alice")


def test_a_token_of_any_bytes_has_a_hash() -> None:
    assert len(hash_token("\udc80")) == 32


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 201, "aaaaaaaaaaaaaaaa", "alice.in.wonderland"])
def test_what_is_guessed_is_refused_and_not_repeated(password: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_password(password, "Alice.in.Wonderland")
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize("name", ["", " alice", "alice ", "a\nb", "a\x00", "x" * 101, "a\u202eb"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(InvalidInputError):
        check_name(name)


def test_a_customers_user_only_looks() -> None:
    check_scope(Role.VIEWER, "acme")
    check_scope(Role.ADMIN, None)
    for role, customer in ((Role.OPERATOR, "acme"), (Role.VIEWER, ""), (Role.VIEWER, " ")):
        with pytest.raises(InvalidInputError):
            check_scope(role, customer)
