"""What comes onto the shelves of the service centres: orders, receipts and counts."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from pydantic import BaseModel, Field

from aftercare.wiring import Application
from api.request import App, Text, Who
from api.schemas import Answer
from domain.stock import Stock
from service_desk import shelves
from store.database import Connection
from store.retry import in_transaction

router = APIRouter(tags=["parts"])


class Order(BaseModel):
    """Parts that were bought; the same reference again books nothing twice."""

    service_centre: Text
    part_no: Text
    quantity: int = Field(description="Below zero: so many were called off")
    reference: Text = Field(min_length=1, examples=["PO-4711"])


class Receipt(BaseModel):
    """Parts that arrived; the same reference again books nothing twice."""

    service_centre: Text
    part_no: Text
    quantity: int
    reference: Text = Field(min_length=1, description="Number of the delivery note", examples=["DN-0815"])


class Count(BaseModel):
    """What was found on a shelf; the same count again changes nothing."""

    service_centre: Text
    part_no: Text
    counted: int = Field(description="All that lie there, reserved ones too", examples=[3])
    reason: Text = Field(min_length=1, description="Why the balance was wrong", examples=["yearly count"])


class Balance(Answer):
    """A part's balance at one service centre."""

    service_centre: str
    part_no: str
    on_hand: int
    allocated: int
    free: int
    on_order: int


@router.post("/orders", operation_id="book_order", status_code=201)
def book_order(app: App, who: Who, order: Order) -> Balance:
    """Note that parts are on their way to a service centre."""
    return _book(app, who, shelves.order, order)


@router.post("/parts/receipts", operation_id="book_receipt", status_code=201)
def book_receipt(app: App, who: Who, receipt: Receipt) -> Balance:
    """Put parts on the shelf of a service centre; tickets that wait for them get them first."""
    return _book(app, who, shelves.receive, receipt)


@router.post("/parts/counts", operation_id="book_count", status_code=201)
def book_count(app: App, who: Who, count: Count) -> Balance:
    """Say how many lie on a shelf; what is more than the balance said goes to tickets that wait."""
    return _book(app, who, shelves.adjust, count)


def _book(app: Application, who: str, how: Callable[..., Stock], told: BaseModel) -> Balance:
    def work(connection: Connection) -> Balance:
        return Balance.model_validate(how(connection, **told.model_dump(), who=who, now=app.clock()))

    return in_transaction(app.database, work)
