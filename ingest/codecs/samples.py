"""Puts single values together into samples."""

from __future__ import annotations

from collections.abc import Iterable

from ingest.codecs.decoded import Sample

MAX_CHANNEL_NAME = 128


def is_channel_name(name: str, longest: int = MAX_CHANNEL_NAME) -> bool:
    """Whether a channel may be called so."""
    return 0 < len(name) <= longest and name.isprintable()


def group_samples(points: Iterable[tuple[int, str, float]]) -> list[Sample]:
    """One sample for each instant, out of (ts, channel, value).

    A channel that has another value at an instant that it had one for begins a further sample, so that the conflict
    is counted where all conflicts are.
    """
    by_instant: dict[int, dict[str, float]] = {}
    repeated: list[Sample] = []
    for ts, channel, value in points:
        values = by_instant.setdefault(ts, {})
        if values.setdefault(channel, value) != value:
            repeated.append(Sample(ts, {channel: value}))
    return [Sample(ts, values) for ts, values in by_instant.items()] + repeated
