"""Device twins: what a device reports, what is desired of it, and what of that is not so yet."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, DeviceName, Who
from api.schemas import Answer
from diagnostics.twin import desire
from diagnostics.twin_documents import delta
from domain import twin as nouns
from domain.twin import TwinSide
from store import twins

router = APIRouter(prefix="/devices", tags=["diagnostics"])


class Twin(Answer):
    device: str = Field(examples=["hp-0042"])
    desired: dict[str, Any] = Field(examples=[{"sampling_seconds": 60}])
    desired_version: int
    desired_at: datetime | None
    desired_by: str
    delivered_version: int = Field(description="The desired version that the broker holds for the device")
    reported: dict[str, Any] = Field(examples=[{"sampling_seconds": 3600}])
    reported_at: datetime | None
    looked_at_version: int | None = Field(description="The desired version that the device has applied or refused")
    refused: dict[str, str] = Field(description="What the device would not take, and why")
    delta: dict[str, Any] = Field(
        description="What is desired and not reported so", examples=[{"sampling_seconds": 60}]
    )


class TwinChange(Answer):
    twin_change_id: int
    at: datetime
    side: TwinSide
    version: int
    who: str = Field(description="The device itself for what it reports", examples=["anna"])
    changes: dict[str, tuple[Any, Any]] = Field(description="By setting what it was and what it became")


class DesiredChanges(BaseModel):
    """Settings to merge into what is desired (RFC 7396): null takes one away."""

    changes: dict[str, Any] = Field(min_length=1, examples=[{"sampling_seconds": 60}])
    version: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = Field(
        None, description="The desired version that you have seen; another one is refused"
    )


def _answer(twin: nouns.Twin) -> Twin:
    fields = {name: getattr(twin, name) for name in Twin.model_fields if name != "delta"}
    return Twin(**fields, delta=delta(twin.desired, twin.reported))


@router.get("/{name}/twin", operation_id="get_twin")
def get_twin(app: App, name: DeviceName) -> Twin:
    """Both sides of a device's configuration."""
    with app.database.transaction() as connection:
        return _answer(twins.get(connection, name))


@router.patch("/{name}/twin", operation_id="change_desired")
def change_desired(app: App, who: Who, name: DeviceName, wanted: DesiredChanges) -> Twin:
    """Change what is desired of a device; it is delivered when the device comes for it."""
    with app.database.transaction() as connection:
        return _answer(
            desire(connection, name, wanted.changes, who=who, now=app.clock(), expected_version=wanted.version)
        )


@router.get("/{name}/twin/history", operation_id="list_twin_changes")
def list_twin_changes(
    app: App, request: Request, response: Response, name: DeviceName, limit: Limit = 50, after: Cursor = None
) -> Page[TwinChange]:
    """Changes of both sides, newest first."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        twins.get(connection, name)
        rows = twins.history(connection, name, after=key[0] if key else None, limit=limit + 1)
    return page(rows, limit, lambda row: (row.twin_change_id,), TwinChange, request, response)
