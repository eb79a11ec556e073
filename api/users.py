"""Users: who may sign in, and with which role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from access import accounts
from api.request import App, Text, Who
from api.schemas import Answer, ShownOnce
from api.versions import OVERTAKEN, TAGGED, Edit, Editing, tag, tagged
from domain.account import LONGEST_NAME, Role
from domain.clock import system_clock
from store import users
from store.choices import require_customer
from store.database import Connection

router = APIRouter(tags=["access"])
Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=r"^[^\x00]*$")]
UserName = Annotated[Name, Path(description="The user's name")]


class Rights(BaseModel):
    role: Role = Field(description="Each may do what those before it may: viewer, operator, planner, admin")
    customer: Text | None = Field(
        None, description="They see this customer's devices only, as viewers; null: all devices"
    )

    new_customer: bool = Field(False, description="No device belongs to the customer yet")

    def check(self, connection: Connection) -> None:
        """Raises InvalidInputError."""
        if self.customer and not self.new_customer:
            require_customer(connection, self.customer)


class NewUser(Rights):
    name: Name = Field(examples=["alice"])
    program: bool = Field(False, description="Bears tokens, and has no password to sign in with")


class User(Answer):
    name: str = Field(examples=["alice"])
    role: Role
    customer: str | None
    created_at: datetime
    disabled_at: datetime | None
    last_signed_in_at: datetime | None
    has_password: bool
    by_provider: bool = Field(description="Signs in by the OpenID provider")
    told_of_alarms: bool = Field(description="A person of that name has channels")


class AddedUser(User, ShownOnce):
    password: str | None = Field(description="Good for choosing another; shown this once. null for a program")


class OneTimePassword(ShownOnce):
    password: str = Field(description="Good for choosing another; shown this once")


class Me(BaseModel):
    name: str
    role: Role
    customer: str | None


@router.get("/me", operation_id="get_me")
def get_me(request: Request) -> Me:
    """Who asks, and what they may do."""
    caller = request.scope["caller"]
    return Me(name=caller.name, role=caller.role, customer=caller.customer)


@router.get("/users", operation_id="list_users")
def list_users(app: App) -> list[User]:
    """Every user by name."""
    with app.database.transaction() as connection:
        return [User.model_validate(user) for user in users.list_users(connection)]


@router.post("/users", operation_id="add_user", status_code=201)
def add_user(app: App, who: Who, new: NewUser) -> AddedUser:
    """A new user, with a one-time password unless it is a program."""
    now = system_clock()
    with app.database.transaction() as connection:
        new.check(connection)
        password = None
        if new.program:
            accounts.add_program(connection, name=new.name, role=new.role, customer=new.customer, who=who, now=now)
        else:
            password = accounts.add_user(
                connection, name=new.name, role=new.role, customer=new.customer, who=who, now=now
            )
        return AddedUser(**User.model_validate(users.get(connection, new.name)).model_dump(), password=password)


@router.get("/users/{name}", operation_id="get_user", responses=TAGGED)
def get_user(app: App, response: Response, name: UserName) -> User:
    """One user."""
    with app.database.transaction() as connection:
        return tagged(response, _read(connection, name), _tag)


@router.put("/users/{name}/rights", operation_id="change_rights", responses=OVERTAKEN)
def change_rights(edit: Editing, name: UserName, rights: Rights) -> User:
    """Give a user another role, or another customer's devices to see; from their next request on."""

    def change(connection: Connection, **wanted: Any) -> None:
        rights.check(connection)
        accounts.change_role(connection, role=rights.role, customer=rights.customer, **wanted)

    return _change(edit, name, change)


@router.post("/users/{name}/disable", operation_id="disable_user", responses=OVERTAKEN)
def disable_user(edit: Editing, name: UserName) -> User:
    """Keep a user and their tokens out, from their next request on."""
    return _change(edit, name, accounts.disable)


@router.post("/users/{name}/enable", operation_id="enable_user", responses=OVERTAKEN)
def enable_user(edit: Editing, name: UserName) -> User:
    """Let a user in again."""
    return _change(edit, name, accounts.enable)


@router.post("/users/{name}/reset-password", operation_id="reset_password")
def reset_password(app: App, who: Who, name: UserName) -> OneTimePassword:
    """A one-time password in place of theirs; their sessions end."""
    with app.database.transaction() as connection:
        return OneTimePassword(password=accounts.reset_password(connection, name, who=who, now=system_clock()))


def _change(edit: Edit, name: str, change: Callable[..., object]) -> User:
    return edit.run(
        lock=partial(users.lock, name=name),
        change=partial(change, name=name, who=edit.who, now=system_clock()),
        read=partial(_read, name=name),
        tag_of=_tag,
    )


def _read(connection: Connection, name: str) -> User:
    return User.model_validate(users.get(connection, name))


def _tag(user: User) -> str:
    return tag(user.name, user.role, user.customer, user.disabled_at)
