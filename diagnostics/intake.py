"""Takes in a batch of messages in one transaction; what cannot be taken is kept with the reason, in the same one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from diagnostics.message_reader import read_message
from diagnostics.messages import Arrived, Echo, Marker, Message, MessageError, Report, Response, UploadPart
from diagnostics.reports import take_report
from diagnostics.responses import Answers
from domain.clock import Clock, system_clock
from store import commands, devices, rejected
from store.database import Connection, Database
from store.failures import is_of_the_data
from store.rejected import RejectedMessage
from store.retry import in_transaction

log = structlog.get_logger()


@dataclass
class Taken:
    """What became of a batch. rejected: by label. markers: nonces of our own marker messages."""

    messages: int = 0
    steps: int = 0
    reports: int = 0
    repeated: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    dropped: int = 0
    markers: list[bytes] = field(default_factory=list)

    def __iadd__(self, other: Taken) -> Taken:
        self.messages += other.messages
        self.steps += other.steps
        self.reports += other.reports
        self.repeated += other.repeated
        self.rejected += other.rejected
        self.dropped += other.dropped
        self.markers += other.markers
        return self


@dataclass(frozen=True, slots=True)
class Moment:
    """When a batch came. at: by the platform's clock; now: by the machine's, by which commands expire; not_after: what
    devices date later than this comes from a wrong clock."""

    at: datetime
    now: datetime
    not_after: datetime


class Intake:
    """Stores batches of messages. clock: the platform's; tolerance: how far devices' clocks may be ahead of it."""

    def __init__(
        self, database: Database, clock: Clock, tolerance: timedelta, wall_clock: Clock = system_clock
    ) -> None:
        self._database, self._clock, self._tolerance, self._wall_clock = database, clock, tolerance, wall_clock

    def take(self, batch: Sequence[Arrived]) -> Taken:
        """Store a batch, all of it committed on return. One that the database refuses is taken message by message.

        Raises what the database does when it is away: nothing is stored then, and the batch is to be taken again.
        """
        at = self._clock()
        moment = Moment(at, self._wall_clock(), at + self._tolerance)
        try:
            return in_transaction(self._database, partial(_take, batch, moment))
        except Exception as error:
            if not is_of_the_data(error):
                raise
            if len(batch) == 1:
                reason = str(error).strip().partition("\n")[0]
                return in_transaction(self._database, partial(_reject_only, batch[0], moment, reason))
        taken = Taken()
        for one in batch:
            taken += self.take([one])
        return taken


def _take(batch: Sequence[Arrived], moment: Moment, connection: Connection) -> Taken:
    taken = Taken(messages=len(batch))
    refused: list[RejectedMessage] = []

    def refuse(arrived: Arrived, error: MessageError) -> None:
        log.warning("message refused", topic=arrived.topic[:200], label=error.label, reason=str(error))
        taken.rejected[error.label] += 1
        refused.append(RejectedMessage(arrived.topic, arrived.payload, f"{error.label}: {error}", moment.at))

    messages = _read(batch, refuse)
    reporting = {one.device for _, one in messages if isinstance(one, Report)}
    known = devices.find(connection, reporting) if reporting else {}
    echoes = [(one.command_id, one.correlation) for _, one in messages if isinstance(one, Echo)]
    locked = commands.lock(
        connection, [one.command_id for _, one in messages if isinstance(one, Echo | Response | UploadPart)]
    )
    answers = Answers(connection, locked, moment.at, moment.now)
    if echoes:
        commands.note_sent(connection, echoes, at=moment.at)
    for arrived, message in messages:
        try:
            match message:
                case Marker():
                    taken.markers.append(message.nonce)
                case Report():
                    news = take_report(connection, known, message, at=moment.at, not_after=moment.not_after)
                    taken.reports += news
                    taken.repeated += not news
                case Response():
                    news = answers.take(message)
                    taken.steps += news
                    taken.repeated += not news
                case UploadPart():
                    answers.take_part(message)
        except MessageError as error:
            refuse(arrived, error)
    answers.write()
    taken.dropped = rejected.record(connection, refused)
    return taken


def _read(batch: Sequence[Arrived], refuse: Callable[[Arrived, MessageError], None]) -> list[tuple[Arrived, Message]]:
    read = []
    for arrived in batch:
        try:
            read.append((arrived, read_message(arrived)))
        except MessageError as error:
            refuse(arrived, error)
        except Exception as error:  # the broker would bring it again after each start, and with it the end of this
            log.exception("a message cannot be dealt with", topic=arrived.topic[:200])
            refuse(arrived, MessageError("defect", f"a defect keeps it from being read: {repr(error)[:200]}"))
    return read


def _reject_only(arrived: Arrived, moment: Moment, reason: str, connection: Connection) -> Taken:
    log.warning("message refused", topic=arrived.topic[:200], label="database", reason=reason)
    dropped = rejected.record(
        connection, [RejectedMessage(arrived.topic, arrived.payload, f"database: {reason}", moment.at)]
    )
    return Taken(messages=1, rejected=Counter(database=1), dropped=dropped)
