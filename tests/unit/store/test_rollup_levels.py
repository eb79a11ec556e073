"""Which levels a device model keeps, and which one answers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.device_model import Channel
from store.rollup_levels import LEVELS, MOST_CHANNELS, choose_level, levels_of

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("interval", "labels"),
    [
        (SECOND, ["1m", "10m", "1h", "1d"]),
        (10 * SECOND, ["10m", "1h", "1d"]),
        (MINUTE, ["10m", "1h", "1d"]),
        (HOUR, ["1d"]),
        (24 * HOUR, []),
    ],
)
def test_a_level_is_kept_when_its_buckets_hold_ten_readings(catalog, interval, labels):
    model = replace(catalog["heat_pump"], reading_interval=interval)

    assert [level.label for level in levels_of(model)] == labels


def test_a_device_model_of_very_many_channels_keeps_none(catalog):
    channels = [Channel(f"c{number}", "", "") for number in range(MOST_CHANNELS + 1)]

    assert levels_of(replace(catalog["heat_pump"], reading_interval=SECOND, channels=channels)) == ()


@pytest.mark.parametrize(
    ("width", "label", "rounded"),
    [
        (30 * SECOND, None, None),
        (MINUTE, "1m", MINUTE),
        (90 * SECOND, "1m", 2 * MINUTE),
        (43.2 * MINUTE, "10m", 50 * MINUTE),
        (61 * MINUTE, "10m", 70 * MINUTE),
        (3 * HOUR, "1h", 3 * HOUR),
        (60 * 24 * HOUR, "1d", 60 * 24 * HOUR),
    ],
)
def test_the_coarsest_level_answers_whose_buckets_are_at_most_a_quarter_wider(width, label, rounded):
    level = choose_level(LEVELS, width)

    assert (level.label if level else None) == label
    assert (level.rounded_up(width) if level else None) == rounded


def test_buckets_begin_at_the_same_instants_before_and_after_the_origin():
    for level in LEVELS:
        for year in (1999, 2026):
            ts = datetime(year, 5, 4, 3, 2, 1, tzinfo=UTC)
            assert level.floor(ts) <= ts < level.floor(ts) + level.width
            assert level.ceil(ts) - level.floor(ts) == level.width
            assert level.ceil(level.floor(ts)) == level.floor(ts)
