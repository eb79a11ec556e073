"""What a demand forecast rests on: the fleet's newest predictions, and what lies and is awaited where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.device_model import DeviceModel, Part
from domain.money import Money
from domain.prediction import Prediction
from store.database import Connection
from store.sql import load
from store.stock import StockKey

SQL = load("demand")


@dataclass(frozen=True, slots=True)
class Outlook:
    """A device's newest prediction of a failure mode, and the centre that serves it."""

    device_model: str
    service_centre: str
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class PositionRow:
    """Pieces of a part at a centre: free, on order, on their way to its shelf, and waited for by tickets."""

    free: int
    on_order: int
    under_way: int
    waited_for: int


def outlooks(connection: Connection, catalog: Iterable[DeviceModel]) -> list[Outlook]:
    """Of every device and failure mode that no ticket has parts for."""
    modes = [(model.name, mode.name, mode.component) for model in catalog for mode in model.failure_modes]
    wanted = dict(
        zip(("device_models", "failure_modes", "components"), map(list, zip(*modes, strict=True)), strict=True)
    )
    rows = connection.execute(SQL["outlook"], wanted)
    return [
        Outlook(model, centre, Prediction(device, mode, as_of, horizon, risk, rul, low, high, (), failed_by))
        for model, mode, centre, device, as_of, horizon, risk, rul, low, high, failed_by in rows
    ]


def positions(connection: Connection) -> Mapping[StockKey, PositionRow]:
    """Of every centre and part that there is anything of."""
    return {(row[0], row[1]): PositionRow(*row[2:]) for row in connection.execute(SQL["positions"])}


def all_parts(connection: Connection) -> Sequence[Part]:
    """Every part of every catalog."""
    rows = connection.execute(SQL["parts"])
    return [Part(row[0], row[1], Money(row[2], row[3]), row[4]) for row in rows]
