"""Whose rows the queries of this request see. Every transaction looks here, so that no query can forget to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CUSTOMER: ContextVar[str | None] = ContextVar("customer", default=None)


@contextmanager
def seen_by(customer: str | None) -> Iterator[None]:
    """Transactions that begin in this block, here and in what it calls, see this customer's rows only; None: all."""
    before = _CUSTOMER.set(customer)
    try:
        yield
    finally:
        _CUSTOMER.reset(before)


def customer_in_view() -> str | None:
    """Whose rows a transaction that begins now may see; None: all."""
    return _CUSTOMER.get()
