"""What lists and figures can be narrowed to."""

from __future__ import annotations

from store.database import Connection
from store.sql import load

SQL = load("choices")


def customers(connection: Connection) -> list[str]:
    """Customers that have devices, by name; the first thousand."""
    return [name for (name,) in connection.execute(SQL["customers"])]


def service_centres(connection: Connection) -> list[str]:
    """All of them, by name."""
    return [name for (name,) in connection.execute(SQL["service_centres"])]
