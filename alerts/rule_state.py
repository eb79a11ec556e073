"""What a rule remembers of a device between two readings, and how that is stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class RuleState:
    """of one rule and one device. The state before the first reading is `RuleState()`.

    active: in alarm, since the device time `raised_at`. seen_at: the last reading that had a value. since: when the
    condition began to last. counted: this coming of the condition is among `hits`, the device times at which it had
    come. calm_since: when the clear condition began to last. points: values over which a change is told.
    """

    active: bool = False
    raised_at: datetime | None = None
    seen_at: datetime | None = None
    since: datetime | None = None
    counted: bool = False
    hits: tuple[datetime, ...] = ()
    calm_since: datetime | None = None
    points: tuple[tuple[datetime, float], ...] = ()


INITIAL = RuleState()


def pack_states(states: Mapping[str, RuleState]) -> dict[str, Any]:
    """As JSON; instants as epoch microseconds, what is as at the beginning left out."""
    packed = {}
    for name, state in states.items():
        fields = {
            "active": state.active,
            "raised_at": _number(state.raised_at),
            "seen_at": _number(state.seen_at),
            "since": _number(state.since),
            "counted": state.counted,
            "hits": [_number(hit) for hit in state.hits],
            "calm_since": _number(state.calm_since),
            "points": [[_number(ts), value] for ts, value in state.points],
        }
        packed[name] = {key: value for key, value in fields.items() if value or (value == 0 and value is not False)}
    return packed


def unpack_states(packed: Mapping[str, Any]) -> dict[str, RuleState]:
    """The states again."""
    return {
        name: RuleState(
            active=fields.get("active", False),
            raised_at=_instant(fields.get("raised_at")),
            seen_at=_instant(fields.get("seen_at")),
            since=_instant(fields.get("since")),
            counted=fields.get("counted", False),
            hits=tuple(_at(hit) for hit in fields.get("hits", ())),
            calm_since=_instant(fields.get("calm_since")),
            points=tuple((_at(ts), value) for ts, value in fields.get("points", ())),
        )
        for name, fields in packed.items()
    }


def _number(instant: datetime | None) -> int | None:
    if instant is None:
        return None
    return round(instant.timestamp() * 1_000_000)


def _instant(number: int | None) -> datetime | None:
    return None if number is None else _at(number)


def _at(number: int) -> datetime:
    return datetime.fromtimestamp(number // 1_000_000, UTC).replace(microsecond=number % 1_000_000)
