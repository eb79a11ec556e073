"""What lists and figures can be narrowed to."""

from __future__ import annotations

from difflib import get_close_matches

from domain.errors import InvalidInputError, NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("choices")


def customers(connection: Connection) -> list[str]:
    """Customers that have devices, by name; the first thousand."""
    return [name for (name,) in connection.execute(SQL["customers"])]


def require_customer(connection: Connection, customer: str) -> None:
    """Raises InvalidInputError, naming those that are called nearly so, when no device belongs to the customer."""
    known = customers(connection)
    if customer not in known and customer != "":
        folded = {one.casefold(): one for one in known}
        near = [folded[one] for one in get_close_matches(customer.casefold(), folded, n=3)]
        meant = f": did you mean {' or '.join(map(repr, near))}?" if near else ": look the name up at a device"
        raise InvalidInputError(f"no device belongs to the customer {customer!r}{meant}")


def service_centres(connection: Connection) -> list[str]:
    """All of them, by name."""
    return [name for (name,) in connection.execute(SQL["service_centres"])]


def require_service_centre(connection: Connection, service_centre: str) -> None:
    """Raises NotFoundError, naming those that there are."""
    if service_centre not in (known := service_centres(connection)):
        raise NotFoundError(f"there is no service centre {service_centre!r}: there are {', '.join(known) or 'none'}")
