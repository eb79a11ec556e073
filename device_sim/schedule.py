"""What is published and when: readings and events in the order of device time, as topics and payloads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, cast

import numpy as np
import pandas as pd

from device_sim.errors import InvalidSimulationError

GARBAGE = (b"", b"{", b"null", b'{"ts": "yesterday", "values": {}}', b'{"values": {"load": 1}}', b"\xff\xfe\x00")


class Source(IntEnum):
    """Which frame a message comes from."""

    READING = 0
    EVENT = 1


class Fault(IntEnum):
    """What was done to a message on purpose."""

    NONE = 0
    DUPLICATE = 1
    LATE = 2
    REORDERED = 3
    MALFORMED = 4


@dataclass(frozen=True, slots=True)
class Message:
    """One message to publish. `ts` is the device's own time in epoch ms, `row` its place in its frame."""

    source: Source
    row: int
    fault: Fault
    device: str
    ts: int
    topic: str
    payload: bytes


class Schedule:
    """The messages by due time; payloads are made when asked for, so that a long history costs little memory."""

    def __init__(self, readings: pd.DataFrame, events: pd.DataFrame) -> None:
        """Raises InvalidSimulationError when a frame lacks a column, has an unreadable time or an empty reading."""
        self._channels = [column for column in readings.columns if column not in ("device", "ts")]
        self._values = _numbers(readings, self._channels)
        self._event_details = _details(events)
        self._devices = tuple(frame["device"].astype(str).to_numpy() for frame in (readings, events))
        self._ts = tuple(_milliseconds(frame) for frame in (readings, events))
        self.source = np.repeat(np.array([Source.READING, Source.EVENT]), [len(readings), len(events)])
        self.row = np.concatenate([np.arange(len(readings)), np.arange(len(events))])
        self.due = np.concatenate(self._ts)
        self.fault = np.full(len(self.due), Fault.NONE)
        self._began = int(self.due.min(initial=np.iinfo(np.int64).max))
        self._order()

    def __len__(self) -> int:
        return len(self.due)

    @property
    def devices(self) -> list[str]:
        """Every device that has something to say, by name."""
        return sorted(set(self._devices[0]) | set(self._devices[1]))

    def mix_in_faults(self, seed: int, share: float = 0.02) -> None:
        """Make about `share` of the messages late (6 to 48 h), swap as many with the device's next, send as many twice,
        and add as many malformed ones."""
        generator, count = np.random.default_rng(seed), len(self)
        drawn = generator.random(count)
        late = np.flatnonzero(drawn < share)
        self.due[late] = np.minimum(self.due[late] + generator.integers(6, 49, len(late)) * 3_600_000, self.due[-1])
        self.fault[late] = Fault.LATE
        self._swap(np.flatnonzero((drawn >= share) & (drawn < 2 * share)))
        for fault, low in ((Fault.DUPLICATE, 2 * share), (Fault.MALFORMED, 3 * share)):
            self._add_copies(np.flatnonzero((drawn >= low) & (drawn < low + share)), fault)
        self._order()

    def replace(self, device: str, since: int, readings: pd.DataFrame, events: pd.DataFrame, *, sent: int) -> None:
        """Have the device say these readings and events from `since` (epoch ms) on instead of what was planned.

        The first `sent` places of the order stay as they are. Channels are those of the schedule, and what is older
        than all that was planned is history, which stays as it was.
        """
        readings, events = (frame[_milliseconds(frame) >= self._began] for frame in (readings, events))
        known = [len(ts) for ts in self._ts]
        place = self.row[sent:] + self.source[sent:] * known[Source.READING]
        goes = (np.concatenate(self._devices)[place] == device) & (np.concatenate(self._ts)[place] >= since)
        stays = np.concatenate([np.ones(sent, dtype=bool), ~goes])
        frames = (readings.reindex(columns=["device", "ts", *self._channels]), events)
        self._values = np.concatenate([self._values, _numbers(frames[0], self._channels)])
        self._event_details += _details(events)
        instants = [_milliseconds(frame) for frame in frames]
        self._ts = tuple(np.concatenate(pair) for pair in zip(self._ts, instants, strict=True))
        names = [frame["device"].astype(str).to_numpy() for frame in frames]
        self._devices = tuple(np.concatenate(pair) for pair in zip(self._devices, names, strict=True))
        counts = [len(frame) for frame in frames]
        self.source = np.concatenate([self.source[stays], np.repeat([Source.READING, Source.EVENT], counts)])
        rows = [first + np.arange(count) for first, count in zip(known, counts, strict=True)]
        self.row = np.concatenate([self.row[stays], *rows])
        self.due = np.concatenate([self.due[stays], *instants])
        self.fault = np.concatenate([self.fault[stays], np.full(sum(counts), Fault.NONE)])
        self._order(sent)

    def message(self, index: int) -> Message:
        """The message in that place of the order."""
        source, row, fault = Source(self.source[index]), int(self.row[index]), Fault(self.fault[index])
        device, ts = self._devices[source][row], int(self._ts[source][row])
        if fault is Fault.MALFORMED:
            body = GARBAGE[row % len(GARBAGE)]
        elif source is Source.READING:
            body = self._reading(ts, row)
        else:
            body = json.dumps({"ts": ts, **self._event_details[row]}).encode()
        name = "telemetry" if source is Source.READING else "events"
        return Message(source, row, fault, device, ts, f"devices/{device}/{name}", body)

    def failure_mode(self, message: Message) -> str | None:
        """The failure mode, when the message tells of a failure."""
        if message.source is not Source.EVENT or message.fault is Fault.MALFORMED:
            return None
        detail = self._event_details[message.row]
        return str(detail.get("code", "")) if detail["kind"] == "failure" else None

    def _reading(self, ts: int, row: int) -> bytes:
        pairs = zip(self._channels, self._values[row].tolist(), strict=True)
        return json.dumps({"ts": ts, "values": {name: value for name, value in pairs if value == value}}).encode()

    def _swap(self, picked: np.ndarray) -> None:
        device = np.array([self._devices[s][r] for s, r in zip(self.source, self.row, strict=True)], dtype=object)
        places = pd.Series(np.arange(len(self)))
        following = places.groupby(device).shift(-1).to_numpy()
        for first in picked:
            if following[first] == following[first] and not (self.fault[first] or self.fault[int(following[first])]):
                second = int(following[first])
                self.due[[first, second]] = self.due[[second, first]]
                self.fault[first] = Fault.REORDERED

    def _add_copies(self, picked: np.ndarray, fault: Fault) -> None:
        for name in ("source", "row", "due"):
            column = getattr(self, name)
            setattr(self, name, np.concatenate([column, column[picked]]))
        self.fault = np.concatenate([self.fault, np.full(len(picked), fault)])

    def _order(self, sent: int = 0) -> None:
        """By due time, but for the first `sent` places."""
        order = np.concatenate([np.arange(sent), sent + np.argsort(self.due[sent:], kind="stable")])
        self.source, self.row, self.due, self.fault = (
            column[order] for column in (self.source, self.row, self.due, self.fault)
        )


def _numbers(readings: pd.DataFrame, channels: Sequence[str]) -> np.ndarray:
    try:
        values = readings[list(channels)].to_numpy(dtype=float)
    except (TypeError, ValueError) as error:
        raise InvalidSimulationError(f"readings hold something that is no number: {error}") from error
    empty = np.flatnonzero(np.isnan(values).all(axis=1))
    if len(empty):
        raise InvalidSimulationError(f"reading {empty[0] + 1} has no value in any channel: leave it out")
    if np.isinf(values).any():
        raise InvalidSimulationError("readings hold an infinite number, which JSON cannot tell: leave it out")
    return values


def _details(events: pd.DataFrame) -> list[dict[str, Any]]:
    rows = cast(list[dict[str, Any]], events.drop(columns=["device", "ts"]).to_dict("records"))
    return [{key: value for key, value in row.items() if value is not None and value == value} for row in rows]


def _milliseconds(frame: pd.DataFrame) -> np.ndarray:
    return pd.DatetimeIndex(pd.to_datetime(frame["ts"], utc=True)).as_unit("ms").asi8
