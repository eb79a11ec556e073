"""Features of a counter, whose growth tells."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.features.place import Place
from models.features.stretches import Floats, Stretches, sums, with_empty


def counter(value: Floats, place: Place) -> Iterator[tuple[str, Floats]]:
    """`value`; `step`: growth since the value before; `increase` over each window; `change`: growth since the life's
    first value; `since_change`: hours since it last grew.

    A fall is a reset to zero: growth goes on from there, and a `change` over it is what the counter has reached again.
    Only values within the longest window count, and for `change` the first one within the life's start; growth between
    two values counts where both lie inside.
    """
    yield "value", value[place.asked]
    if not place.windows:
        return
    asked, lives = place.asked, place.lives
    rows = np.arange(len(value))
    valid = ~np.isnan(value)
    last = np.maximum.accumulate(np.where(valid, rows, -1))
    before = np.concatenate([[-1], last[:-1]])
    first = lives.first_row[lives.of_row]
    grows = valid & (before >= first)
    growth = np.zeros(len(value))
    now, then = value[grows], value[before[grows]]
    growth[grows] = np.where(now >= then, now - then, np.maximum(now, 0))

    following = np.minimum.accumulate(np.where(valid, rows, len(value))[::-1])[::-1]
    begins = [following[window.start] for window in place.windows]
    windows = [Stretches.cut(begin + 1, asked + 1, place.hours, place.hours[asked]) for begin in begins]
    some = [begin <= asked for begin in begins]
    longest = begins[-1]
    inside = valid[asked] & (before[asked] >= longest)
    yield "step", np.where(inside, growth[asked], np.nan)
    for window, [grown], known in zip(place.names, sums(with_empty(growth[np.newaxis]), windows), some, strict=True):
        yield f"increase_{window}", np.where(known, grown, np.nan)
    opening = following[first[asked]]
    early = opening <= asked
    early[early] &= place.hours[opening[early]] < max(place.baseline_hours, 1e-9)
    latest = last[asked]
    known = early & (latest >= longest) & some[-1]
    change = np.full(len(asked), np.nan)
    reached = value[latest[known]]
    change[known] = np.where(reached >= value[opening[known]], reached - value[opening[known]], reached)
    yield "change", change
    grew = np.maximum.accumulate(np.where(growth > 0, rows, -1))[asked]
    recent = grew > longest
    since = np.full(len(asked), np.nan)
    since[recent] = place.hours[asked[recent]] - place.hours[grew[recent]]
    yield "since_change", since
