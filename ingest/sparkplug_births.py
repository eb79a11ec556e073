"""Which birth certificate each Sparkplug B source sent last: what data that names its metrics by alias is read by.

Births are kept in the database too, in the transaction of the batch that has them, so that ingest knows them after a
restart (docs/decisions/0006).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from domain.clock import Clock
from domain.device_time import LATEST, to_datetime
from domain.topic import BEHIND
from ingest.codecs import Decoded, PayloadError
from ingest.codecs.sparkplug import is_of_earlier_connection, read_by_birth, rebirth_request
from ingest.codecs.sparkplug_parts import SparkplugBirth, SparkplugPart, SparkplugSource
from ingest.message import Incoming, Message
from ingest.metrics import IngestMetrics
from store import sparkplug_births
from store.database import Connection
from store.sparkplug_births import BirthRecord

log = structlog.get_logger()
ASK_AGAIN = 60.0
"""Seconds after which an edge node that has not answered is asked for its births again."""
MAX_ASKED = 100_000


class BirthDirectory:
    """The births of every source that was heard, and requests for those that were not."""

    def __init__(
        self,
        *,
        request: Callable[[str, bytes], None],
        connection_number: Callable[[], int],
        clock: Clock,
        metrics: IngestMetrics,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`request` publishes. `connection_number` tells the connections to the broker apart: births are sent with
        QoS 0, so one may have been missed between two of them."""
        self._request = request
        self._connection_number = connection_number
        self._clock = clock
        self._metrics = metrics
        self._monotonic = monotonic
        self._connection = connection_number()
        self._births: dict[SparkplugSource, SparkplugBirth] = {}
        self._uncommitted: dict[SparkplugSource, SparkplugBirth] = {}
        self._asked: dict[SparkplugSource, float] = {}

    def read(self, connection: Connection, incoming: Sequence[Incoming]) -> Sequence[Incoming]:
        """The messages, in their order, with data read by the births before it. New births are stored, and remembered
        once `confirm` is called; the same messages may be read again if the transaction fails."""
        if not any(isinstance(content, Decoded) and content.sparkplug for _, content in incoming):
            return incoming
        self._uncommitted = {}
        self._load(connection, incoming)
        births = []
        read: list[Incoming] = []
        for message, content in incoming:
            part = content.sparkplug if isinstance(content, Decoded) else None
            if not isinstance(content, Decoded) or part is None:
                read.append(Incoming(message, content))
            elif part.birth is not None:
                self._uncommitted[part.source] = part.birth
                births.append(_record(message, part.source, part.birth))
                read.append(Incoming(message, content))
            elif part.is_death:
                read += self._read_death(connection, message, content, part)
            else:
                read.append(self._read_data(message, content, part.source))
        sparkplug_births.record(connection, births)
        return read

    def confirm(self) -> None:
        """The births that were read last are committed."""
        self._births |= self._uncommitted
        self._uncommitted = {}

    def _find(self, source: SparkplugSource) -> SparkplugBirth | None:
        return self._uncommitted.get(source) or self._births.get(source)

    def _load(self, connection: Connection, incoming: Sequence[Incoming]) -> None:
        """Ask the database for births that were not heard here, and the edge nodes whether they still hold."""
        if self._connection != self._connection_number():
            self._connection = self._connection_number()
            self._births.clear()
        parts = [content.sparkplug for _, content in incoming if isinstance(content, Decoded) and content.sparkplug]
        missing = sorted({part.source for part in parts if part.birth is None} - self._births.keys())
        found = sparkplug_births.find(connection, [(source, to_datetime(LATEST)) for source in missing])
        for source, birth in zip(missing, found, strict=True):
            if birth is not None:
                self._births[source] = SparkplugBirth(*birth)
                self._ask(source)

    def _read_data(self, message: Message, content: Decoded, source: SparkplugSource) -> Incoming:
        try:
            return Incoming(message, read_by_birth(content, self._find(source)))
        except PayloadError as error:
            self._ask(source)
            return Incoming(message, error)

    def _read_death(
        self, connection: Connection, message: Message, content: Decoded, part: SparkplugPart
    ) -> list[Incoming]:
        """An edge node takes the devices behind it along, unless the death is that of an earlier connection."""
        birth = self._find(part.source)
        if birth and is_of_earlier_connection(part.bd_seq, birth.bd_seq):
            self._metrics.stale_deaths.inc()
            log.info("death of an earlier connection", device=content.device, bd_seq=part.bd_seq, born=birth.bd_seq)
            return [Incoming(message, replace(content, statuses=()))]
        names = [] if part.source.device_id else sparkplug_births.devices_behind(connection, part.source, BEHIND)
        behind = [
            Decoded(name, statuses=[replace(status, device=name) for status in content.statuses]) for name in names
        ]
        return [Incoming(message, one) for one in (content, *behind)]

    def _ask(self, source: SparkplugSource) -> None:
        node = source._replace(device_id="")
        now = self._monotonic()
        if now - self._asked.get(node, -ASK_AGAIN) < ASK_AGAIN:
            return
        if len(self._asked) >= MAX_ASKED:
            self._asked.clear()
        self._asked[node] = now
        self._metrics.rebirths.inc()
        self._request(*rebirth_request(node, self._clock()))


def read_as_of_arrival(connection: Connection, incoming: Incoming) -> Incoming:
    """A message that waited for a replay, read by the birth that was in force when it came; a birth is stored."""
    message, content = incoming
    part = content.sparkplug if isinstance(content, Decoded) else None
    if not isinstance(content, Decoded) or part is None or part.is_death:
        return incoming
    if part.birth is not None:
        sparkplug_births.record(connection, [_record(message, part.source, part.birth)])
        return incoming
    [found] = sparkplug_births.find(connection, [(part.source, message.received_at)])
    try:
        return Incoming(message, read_by_birth(content, SparkplugBirth(*found) if found else None))
    except PayloadError as error:
        return Incoming(message, error)


def _record(message: Message, source: SparkplugSource, birth: SparkplugBirth) -> BirthRecord:
    return BirthRecord(source, message.received_at, birth.metrics, birth.bd_seq)
