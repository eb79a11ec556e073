"""Birth certificates of Sparkplug B edge nodes and devices: how to read the data that names metrics by alias."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from psycopg.types.json import Jsonb

from store.database import Connection
from store.sql import load

SQL = load("sparkplug_births")

Source = tuple[str, str, str]
"""Who was born: group, edge node and device; the device is empty for the edge node itself."""
Metrics = Sequence[tuple[str, int | None, int]]
"""(name, alias or None, Sparkplug datatype)."""


class BirthRecord(NamedTuple):
    """A birth to be kept."""

    source: Source
    received_at: datetime
    metrics: Metrics
    bd_seq: int | None


KEPT = timedelta(days=365)
BIRTHS_PER_NODE = 10_000
BYTES_PER_NODE = 64 << 20


def record(connection: Connection, births: Sequence[BirthRecord]) -> None:
    """Keep these births, in their order for each source. One that tells nothing new only confirms the latest."""
    parameters = [
        {
            "group_id": birth.source[0],
            "edge_node": birth.source[1],
            "device_id": birth.source[2],
            "received_at": birth.received_at,
            "metrics": Jsonb(list(birth.metrics)),
            "bd_seq": birth.bd_seq,
        }
        for birth in sorted(births, key=lambda birth: birth.source)  # replicas hear the same births: one order of locks
    ]
    if parameters:
        with connection.cursor() as cursor:
            cursor.executemany(SQL["record"], parameters)


def find(connection: Connection, wanted: Sequence[tuple[Source, datetime]]) -> list[tuple[Metrics, int | None] | None]:
    """For each source and instant, metrics and bd_seq of the birth in force then: the last one before it, or else the
    first one after it; None where there is none."""
    found: list[tuple[Metrics, int | None] | None] = [None] * len(wanted)
    if not wanted:
        return found
    rows = connection.execute(
        SQL["find"],
        {
            "group_ids": [source[0] for source, _ in wanted],
            "edge_nodes": [source[1] for source, _ in wanted],
            "device_ids": [source[2] for source, _ in wanted],
            "instants": [at for _, at in wanted],
        },
    )
    for position, metrics, bd_seq in rows:
        told = [(name, alias, datatype) for name, alias, datatype in metrics]
        found[position - 1] = (told, None if bd_seq is None else int(bd_seq))
    return found


def devices_behind(connection: Connection, edge_node: Source, between: str) -> list[str]:
    """Names of the registered devices `{edge node}{between}{device}` that were born behind this edge node."""
    parameters = {"group_id": edge_node[0], "edge_node": edge_node[1], "between": between}
    return [name for (name,) in connection.execute(SQL["devices_behind"], parameters)]


def drop_old(connection: Connection, now: datetime, between: str) -> int:
    """Drop births of a year ago and more that were followed by another, or whose device `{edge node}{between}{device}`
    has not been heard of in that year; return how many. A node whose birth is dropped is asked for it again."""
    return connection.execute(SQL["drop_old"], {"oldest": now - KEPT, "between": between}).rowcount


def drop_beyond(connection: Connection, *, births: int = BIRTHS_PER_NODE, num_bytes: int = BYTES_PER_NODE) -> int:
    """Drop what goes beyond so many births, or bytes of them, of one edge node and all behind it; return how many."""
    return connection.execute(SQL["drop_beyond"], {"births": births, "bytes": num_bytes}).rowcount
