"""Tokens by which programs are known to the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from access import accounts
from api.request import App, Id, Instant, Who
from api.schemas import Answer, ShownOnce
from api.users import Name
from domain.account import LONGEST_NAME
from domain.clock import system_clock
from store import api_tokens

router = APIRouter(prefix="/api-tokens", tags=["access"])


class NewToken(BaseModel):
    user: Name = Field(description="The token may do what this user may do", examples=["erp"])
    label: Annotated[str, StringConstraints(max_length=LONGEST_NAME, pattern=r"^[^\x00]*$")] = Field(
        "", description="What it is for", examples=["stock levels into the ERP"]
    )
    expires_at: Instant | None = Field(None, description="null: until it is revoked")


class Token(Answer):
    api_token_id: int = Field(examples=[3])
    user: str
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="Within a minute")


class ShownToken(ShownOnce):
    api_token_id: int = Field(examples=[3])
    token: str = Field(description="Send it as Authorization: Bearer; shown this once")


@router.get("", operation_id="list_api_tokens")
def list_api_tokens(app: App) -> list[Token]:
    """Every token, newest first."""
    with app.database.transaction() as connection:
        return [Token.model_validate(token) for token in api_tokens.list_tokens(connection)]


@router.post("", operation_id="create_api_token", status_code=201)
def create_api_token(app: App, who: Who, new: NewToken) -> ShownToken:
    """A token of a user."""
    with app.database.transaction() as connection:
        made = accounts.create_token(
            connection, new.user, label=new.label, who=who, now=system_clock(), expires_at=new.expires_at
        )
    return ShownToken(api_token_id=made.api_token_id, token=made.token)


@router.delete("/{api_token_id}", operation_id="revoke_api_token", status_code=204)
def revoke_api_token(app: App, who: Who, api_token_id: Id) -> None:
    """End a token, from the next request on."""
    with app.database.transaction() as connection:
        accounts.revoke_token(connection, api_token_id, who=who, now=system_clock())
