"""The stretch of time that charts show, and the addresses of the stretches beside, inside and around it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.clock import read_instant
from domain.errors import InvalidInputError

SPANS: Mapping[str, tuple[timedelta, str]] = {
    "1h": (timedelta(hours=1), "Hour"),
    "24h": (timedelta(hours=24), "Day"),
    "7d": (timedelta(days=7), "Week"),
    "30d": (timedelta(days=30), "30 days"),
    "1y": (timedelta(days=365), "Year"),
}
USUAL_SPAN = "7d"
NARROWEST, WIDEST = timedelta(seconds=10), timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Window:
    """since <= t < until. `span` names the length of one that ends with the newest reading; None for a fixed one."""

    since: datetime
    until: datetime
    span: str | None = None

    @property
    def length(self) -> timedelta:
        return self.until - self.since

    def moved(self, share: float) -> Window:
        """Later by so much of its own length, earlier when `share` is negative."""
        return Window(self.since + share * self.length, self.until + share * self.length)

    def zoomed(self, factor: float) -> Window:
        """Around the same middle, `factor` times as long, within what can be shown."""
        length = min(max(self.length * factor, NARROWEST), WIDEST)
        middle = self.since + self.length / 2
        return Window(middle - length / 2, middle + length / 2)

    @property
    def address(self) -> Mapping[str, str]:
        """As parameters of an address."""
        if self.span is not None:
            return {"span": self.span}
        return {"since": _plain(self.since), "until": _plain(self.until)}


def window_of(span: str | None, since: str | None, until: str | None, *, newest: datetime) -> Window:
    """What an address asks for: a fixed window, or the last `span` up to the newest reading.

    Raises InvalidInputError for what is no time, ends before it begins, or is longer than ten years.
    """
    if not since and not until:
        name = span if span is not None and span in SPANS else USUAL_SPAN
        end = newest + timedelta(microseconds=1)
        return Window(end - SPANS[name][0], end, name)
    begin, end = _instant(since, "since"), _instant(until, "until")
    if end - begin < NARROWEST or end - begin > WIDEST:
        raise InvalidInputError(
            f"the charts cannot show {begin} to {end}: choose 10 seconds to ten years, in that order"
        )
    return Window(begin, end)


def _instant(text: str | None, name: str) -> datetime:
    try:
        moment = read_instant(text or "")
    except ValueError as error:
        raise InvalidInputError(
            f"{name}={text!r} is not a time: give since and until like 2026-03-01T08:00Z"
        ) from error
    if not 1980 <= moment.year <= 2200:
        raise InvalidInputError(f"{name}={text!r} is not a time of any device: give a year from 1980 to 2200")
    return moment


def _plain(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
