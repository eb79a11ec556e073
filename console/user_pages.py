"""Who may sign in, and the tokens of programs: for admins."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from access import accounts
from console.forms import Form, number
from console.render import show
from console.request import Id, Text
from domain.account import Role
from domain.clock import system_clock
from domain.errors import InvalidInputError, NotFoundError
from store import api_tokens, users
from store.choices import require_customer

router = APIRouter()


@router.get("/users")
def users_page(request: Request) -> HTMLResponse:
    """Everybody, and every token."""
    return _page(request)


@router.post("/users")
def add_user(request: Request, form: Form) -> HTMLResponse:
    """A new user; the page shows their one-time password this once."""
    app = request.app.state.application
    name, role, customer = form.get("name", ""), _role(form.get("role", "")), form.get("customer") or None
    with app.database.transaction() as connection:
        if customer and "new_customer" not in form:
            require_customer(connection, customer)
        password = accounts.add_user(
            connection, name=name, role=role, customer=customer, who=request.scope["who"], now=system_clock()
        )
    return _page(request, f"The one-time password of {name}", password)


@router.post("/users/{name}/{change}")
def change_user(request: Request, name: Text, change: str, form: Form) -> Response:
    """Disable, enable, reset the password, change the role, or make a token."""
    app = request.app.state.application
    who, now = request.scope["who"], system_clock()
    with app.database.transaction() as connection:
        if change == "reset-password":
            shown = accounts.reset_password(connection, name, who=who, now=now)
            title = f"The one-time password of {name}"
        elif change == "tokens":
            until = now + timedelta(days=number(form.get("days", ""), "a number of days from 1 to 3650", most=3650))
            made = accounts.create_token(
                connection, name, label=form.get("label", ""), who=who, now=now, expires_at=until
            )
            title, shown = f"The token of {name}", made.token
        elif change == "disable":
            accounts.disable(connection, name, who=who, now=now)
            title = shown = ""
        elif change == "enable":
            accounts.enable(connection, name, who=who, now=now)
            title = shown = ""
        else:
            raise NotFoundError(f"a user cannot be changed by {change!r}: use the buttons of the page")
    return _page(request, title, shown)


@router.post("/users/tokens/{api_token_id}/actions/revoke")
def revoke_token(request: Request, api_token_id: Id) -> HTMLResponse:
    """End a token."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        accounts.revoke_token(connection, api_token_id, who=request.scope["who"], now=system_clock())
    return _page(request)


def _page(request: Request, title: str = "", secret: str = "") -> HTMLResponse:
    app = request.app.state.application
    with app.database.transaction() as connection:
        return show(
            request,
            "users.html",
            users=users.list_users(connection),
            tokens=api_tokens.list_tokens(connection),
            roles=list(Role),
            at=system_clock(),
            secret_title=title,
            secret=secret,
        )


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        raise InvalidInputError(f"choose one of the roles {', '.join(Role)}") from error
