from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from console.charts import Pin, Series, chart

SINCE = datetime(2026, 3, 1, tzinfo=UTC)


def series(*values: float | None, low: float | None = None) -> Series:
    ts = [SINCE + timedelta(hours=hour) for hour in range(len(values))]
    return Series(ts, values, [value if low is None else low for value in values], values)


def drawn(values: Series, hours: float = 24, **options: object):  # type: ignore[no-untyped-def]
    return chart(values, SINCE, SINCE + timedelta(hours=hours), **options)  # type: ignore[arg-type]


def test_higher_values_are_drawn_higher_and_later_ones_further_right() -> None:
    [(x0, y0), (x1, y1)] = [
        tuple(map(float, point.split(","))) for point in re.findall(r"[\d.]+,[\d.]+", drawn(series(1, 2)).line)
    ]
    assert x0 < x1
    assert y0 > y1


def test_a_gap_is_left_out() -> None:
    assert drawn(series(1, None, 3)).line.count(",") == 2


def test_the_band_reaches_the_least_value_of_a_bucket() -> None:
    drawing = drawn(series(10, 10, low=0))
    bottoms = [float(y) for _, y in re.findall(r"([\d.]+),([\d.]+)", drawing.band)]
    assert max(bottoms) > max(float(y) for _, y in re.findall(r"([\d.]+),([\d.]+)", drawing.line))


@pytest.mark.parametrize("values", [(5.0,), (0.0, 0.0), (-1e-9, 1e-9), (1e12, 2e12), (-40, 60)])
def test_every_value_lies_between_round_ticks_inside_the_frame(values: tuple[float, ...]) -> None:
    drawing = drawn(series(*values))
    assert 2 <= len(drawing.y_ticks) <= 6
    assert len({tick.label for tick in drawing.y_ticks}) >= 1
    for tick in [*drawing.y_ticks]:
        assert drawing.top <= tick.at <= drawing.bottom


@pytest.mark.parametrize("hours", [0.1, 1, 24, 24 * 7, 24 * 30, 24 * 365, 24 * 365 * 8])
def test_time_ticks_are_few_and_differ(hours: float) -> None:
    labels = [tick.label for tick in drawn(series(1, 2), hours=hours).x_ticks]
    assert 0 < len(labels) <= 9
    assert len(set(labels)) == len(labels)


def test_no_values_make_no_chart() -> None:
    assert drawn(series()) is None
    assert drawn(series(None, None)) is None
    assert chart(series(1), SINCE, SINCE) is None


def test_a_share_is_shown_from_0_to_100_per_cent_with_its_threshold() -> None:
    drawing = drawn(series(0.2, 0.3), share=True, threshold=0.5)
    assert [tick.label for tick in drawing.y_ticks] == ["0%", "50%", "100%"]
    assert drawing.top < drawing.threshold < drawing.bottom


def test_a_small_share_is_shown_so_that_its_threshold_can_be_told_from_none() -> None:
    drawing = drawn(series(0.02, 0.03), share=True, threshold=0.05)
    assert [tick.label for tick in drawing.y_ticks] == ["0%", "5%", "10%"]
    assert drawing.threshold == drawing.y_ticks[1].at


def test_pins_outside_the_range_are_left_out() -> None:
    inside, outside = SINCE + timedelta(hours=1), SINCE - timedelta(hours=1)
    assert [pin.label for pin in drawn(series(1), pins=[Pin(inside, "in"), Pin(outside, "out")]).pins] == ["in"]
