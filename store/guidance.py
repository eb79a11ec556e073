"""Full-text search over the guidance of the catalog. PostgreSQL stems and ranks; the texts come with the question."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from psycopg.rows import class_row

from domain.device_model import DeviceModel
from store.database import Connection
from store.sql import load

SQL = load("guidance")
OPEN_TO_CUSTOMERS = ("symptoms", "checks", "safety")
KINDS = (*OPEN_TO_CUSTOMERS, "steps", "tools")


@dataclass(frozen=True, slots=True)
class GuidanceFound:
    """A text that fits; the words that were looked for stand between ⟦ and ⟧."""

    device_model: str
    failure_mode: str
    kind: str
    told: str


def search(
    connection: Connection,
    device_models: Collection[DeviceModel],
    wanted: str,
    *,
    kinds: Collection[str] = KINDS,
    limit: int = 50,
) -> list[GuidanceFound]:
    """What fits best first, of the device models whose devices this transaction sees. `wanted`: as in a web search."""
    told = [
        (model.name, mode.name, mode.title, kind, text)
        for model in device_models
        for mode in model.failure_modes
        for kind in kinds
        for text in getattr(mode.guidance, kind)
    ]
    names = ("device_models", "failure_modes", "titles", "kinds", "told")
    columns = {name: [row[place] for row in told] for place, name in enumerate(names)}
    with connection.cursor(row_factory=class_row(GuidanceFound)) as cursor:
        return cursor.execute(SQL["search"], {**columns, "wanted": wanted, "limit": limit}).fetchall()
