"""Which stretches of a range are read from a roll-up, from the finest roll-up, and from the readings themselves. Pure.

The ends of a range seldom fall on the edge of a bucket, and what was written a moment ago is not rolled up yet. Both
are read from the finest source that is needed, so that a roll-up never answers differently from its readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from store.rollup_levels import Level

Stretch = tuple[datetime, datetime]
"""From the first instant until, and without, the second."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Stretches that together make up a range, each to be read from its source; sorted, none touches the next."""

    level: Sequence[Stretch]
    finest: Sequence[Stretch]
    raw: Sequence[Stretch]


def cover(since: datetime, until: datetime, *, level: Level, finest: Level, dirty: Iterable[datetime]) -> Cover:
    """Cover since <= ts < until. `dirty` are starts of the finest buckets that are not rolled up as they stand."""
    dirty_finest = sorted({start for start in dirty if since < start + finest.width and start < until})
    dirty_level = sorted({level.floor(start) for start in dirty_finest})
    whole = _inside(since, until, level)
    of_level = list(_without(whole, dirty_level, level))
    rest = list(_between(of_level, since, until))
    of_finest = [piece for stretch in rest for piece in _without(_inside(*stretch, finest), dirty_finest, finest)]
    raw = _between(sorted([*of_level, *of_finest]), since, until)
    return Cover(of_level, of_finest, list(raw))


def _inside(since: datetime, until: datetime, level: Level) -> Stretch:
    """The whole buckets within a stretch; empty when it holds none."""
    start = level.ceil(since)
    return start, max(start, level.floor(until))


def _without(stretch: Stretch, starts: Iterable[datetime], level: Level) -> Iterable[Stretch]:
    """A stretch of whole buckets without those that begin at `starts`, which are sorted."""
    at, end = stretch
    for start in starts:
        if at <= start < end:
            if at < start:
                yield at, start
            at = start + level.width
    if at < end:
        yield at, end


def _between(stretches: Iterable[Stretch], since: datetime, until: datetime) -> Iterable[Stretch]:
    """What sorted stretches leave open of a range."""
    at = since
    for start, end in stretches:
        if at < start:
            yield at, start
        at = end
    if at < until:
        yield at, until
