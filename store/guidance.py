"""Full-text search over guidance and manuals. PostgreSQL stems and ranks; the texts come with the question."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from psycopg.rows import class_row

from domain.device_model import DeviceModel
from domain.language import Language
from store.database import Connection
from store.scope import customer_in_view
from store.sql import load

SQL = load("guidance")
OPEN_TO_CUSTOMERS = ("symptoms", "checks", "safety")
KINDS = (*OPEN_TO_CUSTOMERS, "steps", "tools")
MANUAL = "manual"


def kinds_in_view() -> Collection[str]:
    """What of the guidance may be read: a customer's user is told what they can look at, and no repair."""
    return KINDS if customer_in_view() is None else OPEN_TO_CUSTOMERS


@dataclass(frozen=True, slots=True)
class ManualPassage:
    """A stretch of a manual."""

    device_model: str
    manual: str
    title: str
    told: str
    language: Language


@dataclass(frozen=True, slots=True)
class GuidanceFound:
    """A text that fits; the words that were looked for stand between ⟦ and ⟧. subject: the failure mode, or of the kind
    `manual` the manual; title: what it is called."""

    device_model: str
    subject: str
    kind: str
    title: str
    language: str
    told: str


def search(
    connection: Connection,
    device_models: Collection[DeviceModel],
    wanted: str,
    *,
    kinds: Collection[str] = KINDS,
    passages: Collection[ManualPassage] = (),
    limit: int = 50,
) -> list[GuidanceFound]:
    """What fits best first, of the device models whose devices this transaction sees. `wanted`: as in a web search."""
    told = [
        (model.name, mode.name, mode.title, kind, text, model.language)
        for model in device_models
        for mode in model.failure_modes
        for kind in kinds
        for text in getattr(mode.guidance, kind)
    ]
    told += [(one.device_model, one.manual, one.title, MANUAL, one.told, one.language) for one in passages]
    names = ("device_models", "subjects", "titles", "kinds", "told", "languages")
    columns = {name: [row[place] for row in told] for place, name in enumerate(names)}
    with connection.cursor(row_factory=class_row(GuidanceFound)) as cursor:
        return cursor.execute(SQL["search"], {**columns, "wanted": wanted, "limit": limit}).fetchall()


def has_devices(connection: Connection, device_model: str) -> bool:
    """Whether this transaction sees a device of the model."""
    [(found,)] = connection.execute(SQL["has_devices"], {"device_model": device_model})
    return bool(found)
