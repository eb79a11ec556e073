"""The service manager's figures of a period."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.request import App, Filter, Instant
from api.schemas import Answer, Money
from service_desk import figures as desk_figures
from store.figures import Closures as Counted

router = APIRouter(prefix="/figures", tags=["tickets"])
USUAL = timedelta(days=90)


class Closures(Answer):
    """Counts of closed tickets; both names are null for those of all failure modes."""

    device_model: str | None
    failure_mode: str | None
    closed: int
    avoided: int = Field(description="Closed as confirmed or worn, and the failure did not come while it was open")
    foreseen: int = Field(description="Closed as confirmed or worn, and the failure came while it was open")
    judged: int = Field(description="Predicted, and not closed as `other`: what precision is a share of")
    right: int = Field(description="Of these, closed as confirmed or worn")
    no_fault_found: int
    followed: int = Field(description="Known whether one visit was enough: 30 days have passed, or it was not")
    fixed_at_once: int = Field(description="Of these, one visit and no other ticket of it within 30 days")
    median_notice_hours: float | None = Field(description="From opening to need-by, of confirmed and worn")


class Figures(BaseModel):
    since: datetime
    until: datetime
    all: Closures
    by_mode: list[Closures]
    saved: list[Money] = Field(description="Against running to failure, by the catalog's costs; one for each currency")
    failures: int = Field(description="Since the first model version of their failure mode")
    failures_unforeseen: int = Field(description="Of these, no ticket was open")
    promises: int = Field(description="SLA windows whose time came")
    promises_kept: int
    parts_asked: int = Field(description="Parts that tickets asked for")
    parts_missing: int = Field(description="Of these, not on the shelf when they were asked for")


@router.get("", operation_id="get_figures")
def get_figures(
    app: App,
    since: Annotated[Instant | None, Query(description="Default: 90 days before `until`")] = None,
    until: Annotated[Instant | None, Query(description="Not included. Default: now")] = None,
    customer: Filter = None,
    service_centre: Filter = None,
) -> Figures:
    """What predictions were worth in a period, and how the service kept its word."""
    now = app.clock()
    end = until or now
    begin = since or end - USUAL
    scope = desk_figures.scope_of(
        app.catalog, since=begin, until=end, now=now, customer=customer, service_centre=service_centre
    )
    with app.database.transaction() as connection:
        found = desk_figures.figures_of(connection, app.catalog, scope)
    return Figures(
        since=begin,
        until=end,
        all=_closures(found.all),
        by_mode=[_closures(one) for one in found.by_mode],
        saved=[Money.model_validate(amount) for amount in found.saved],
        failures=found.failures,
        failures_unforeseen=found.failures_unforeseen,
        promises=found.promises,
        promises_kept=found.promises_kept,
        parts_asked=found.parts_asked,
        parts_missing=found.parts_missing,
    )


def _closures(counted: Counted) -> Closures:
    told = asdict(counted)
    notice: timedelta | None = told.pop("notice")
    return Closures(**told, median_notice_hours=None if notice is None else notice / timedelta(hours=1))
