import pytest

from device_sim.errors import InvalidSimulationError
from device_sim.replay_clock import ReplayClock, parse_clock
from domain.clock import ScaledClock
from domain.clock import parse_clock as parse_platform_clock

TEXT = "2026-01-01T00:00:00+00:00@1790000000.5x3600.0"


def test_reads_and_writes_the_form_of_the_platform():
    clock, platform = parse_clock(TEXT), parse_platform_clock(TEXT)
    assert isinstance(platform, ScaledClock)
    assert str(clock) == TEXT == str(platform)
    assert clock.at(1790000010.5) == platform.at(1790000010.5).timestamp()


def test_wall_is_the_inverse_of_at():
    clock = parse_clock(TEXT)
    assert clock.wall(clock.at(1790000123.0)) == pytest.approx(1790000123.0)


@pytest.mark.parametrize("text", ["system", "2026-01-01T00:00:00@1x1", "2026-01-01T00:00:00Z@1", "x@1x2"])
def test_refuses_what_is_no_clock(text: str):
    with pytest.raises(InvalidSimulationError, match="is not START@WALL_EPOCHxSPEED"):
        parse_clock(text)


def test_refuses_time_that_stands_still():
    with pytest.raises(InvalidSimulationError, match="speed 0"):
        ReplayClock(0.0, 0.0, 0.0)
