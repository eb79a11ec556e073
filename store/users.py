"""Users and the hashes of their passwords."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.account import Role, User
from domain.errors import ConflictError, NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("users")


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """What a password is checked against."""

    user_id: int
    name: str
    password_hash: str


def hold(connection: Connection) -> None:
    """Keep others from making the first user until this transaction ends."""
    connection.execute(SQL["lock"])


def is_anybody_there(connection: Connection) -> bool:
    """Whether there is a user, disabled ones too."""
    row = connection.execute(SQL["any_user"]).fetchone()
    return row is not None and bool(row[0])


def add(
    connection: Connection,
    *,
    name: str,
    role: Role,
    customer: str | None,
    at: datetime,
) -> int:
    """The new user's id. Raises ConflictError when the name is taken."""
    values = {"name": name, "role": role, "customer": customer, "at": at}
    row = connection.execute(SQL["add"], values).fetchone()
    if row is None:
        raise ConflictError(f"there is a user called {name!r} already: choose another name")
    return int(row[0])


def list_users(connection: Connection, *, name: str | None = None) -> list[User]:
    """Every user by name, or the one of this name, however it is capitalised."""
    with connection.cursor(row_factory=class_row(User)) as cursor:
        return cursor.execute(SQL["list"], {"name": name}).fetchall()


def get(connection: Connection, name: str) -> User:
    """Raises NotFoundError."""
    for user in list_users(connection, name=name):
        return user
    raise NotFoundError(f"there is no user {name!r}: 'aftercare users list' shows who there is")


def lock(connection: Connection, name: str) -> None:
    """Keep a user as they are until the transaction ends, if there is one."""
    connection.execute(SQL["lock_one"], {"name": name})


def change(connection: Connection, *, user_id: int, role: Role, customer: str | None) -> None:
    """Give a user another role, or another customer's devices to see."""
    connection.execute(SQL["change"], {"user_id": user_id, "role": role, "customer": customer})


def set_disabled(connection: Connection, *, user_id: int, at: datetime | None) -> None:
    """Keep a user out from `at` on; None lets them in again."""
    connection.execute(SQL["set_disabled"], {"user_id": user_id, "at": at})


def working_admins(connection: Connection) -> set[int]:
    """Ids of the admins who are not disabled, held until this transaction ends."""
    return {user_id for (user_id,) in connection.execute(SQL["working_admins"])}


def set_password(connection: Connection, *, user_id: int, password_hash: str, one_time: bool, at: datetime) -> None:
    """Replace a user's password."""
    values = {"user_id": user_id, "hash": password_hash, "one_time": one_time, "at": at}
    connection.execute(SQL["set_password"], values)


def rehash(connection: Connection, *, verified: StoredPassword, password_hash: str) -> None:
    """The same password under the settings of today."""
    values = {"user_id": verified.user_id, "hash": password_hash, "verified": verified.password_hash}
    connection.execute(SQL["rehash"], values)


def find_password(connection: Connection, name: str) -> StoredPassword | None:
    """None when nobody is called so, has no password or is disabled."""
    row = connection.execute(SQL["password"], {"name": name}).fetchone()
    return None if row is None else StoredPassword(*row)


def note_sign_in(connection: Connection, *, user_id: int, at: datetime) -> None:
    """When they were last here."""
    connection.execute(SQL["signed_in"], {"user_id": user_id, "at": at})
