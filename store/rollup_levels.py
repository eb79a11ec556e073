"""The levels of roll-ups, which of them a device model keeps, and which one answers a question. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.device_model import DeviceModel

BUCKET_ORIGIN = datetime(2000, 1, 3, tzinfo=UTC)
"""A Monday: the same on every tier, so that the same readings fall into the same buckets."""
MICROSECOND = timedelta(microseconds=1)
LEAST_READINGS = 10
"""A bucket that holds fewer readings is hardly smaller than they are."""
MOST_CHANNELS = 250
"""A row must fit into a page of 8 kB, and holds four numbers for each channel."""
ROUNDING = 1.25


@dataclass(frozen=True, slots=True)
class Level:
    """Buckets of one width. `chunk` is the length of its table's chunks, in which roll-ups are also dropped."""

    label: str
    width: timedelta
    chunk: timedelta

    def table(self, device_model: DeviceModel) -> str:
        """Name of the table that holds this level of a device model."""
        return f"rollup_{self.label}_{device_model.name}"

    def floor(self, ts: datetime) -> datetime:
        """Start of the bucket that holds this instant."""
        return ts - (ts - BUCKET_ORIGIN) % self.width

    def ceil(self, ts: datetime) -> datetime:
        """First start of a bucket that is not before this instant."""
        return ts + (BUCKET_ORIGIN - ts) % self.width

    def rounded_up(self, width: timedelta) -> timedelta:
        """The least multiple of this level's width that is not below `width`."""
        return -(-width // self.width) * self.width


LEVELS = (
    Level("1m", timedelta(minutes=1), timedelta(weeks=4)),
    Level("10m", timedelta(minutes=10), timedelta(weeks=4)),
    Level("1h", timedelta(hours=1), timedelta(weeks=52)),
    Level("1d", timedelta(days=1), timedelta(weeks=52)),
)
"""Finest first; each width divides the next, and all of them divide a day."""


def levels_of(device_model: DeviceModel) -> Sequence[Level]:
    """The levels that this device model keeps, finest first; none when it reads too seldom or has too many channels."""
    if len(device_model.channels) > MOST_CHANNELS:
        return ()
    return tuple(level for level in LEVELS if level.width >= LEAST_READINGS * device_model.reading_interval)


def choose_level(levels: Sequence[Level], width: timedelta) -> Level | None:
    """The coarsest level of which buckets of about `width` can be made: at most a quarter wider, or, where none is that
    near, the finest one. None when buckets of `width` are finer than every level: the readings themselves must answer.
    """
    if not levels or width < levels[0].width:
        return None
    near = [level for level in levels if level.rounded_up(width) <= width * ROUNDING]
    return near[-1] if near else levels[0]
