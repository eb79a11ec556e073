import numpy as np
import pytest

from device_sim.physics.streams import Streams
from device_sim.physics.wear import Cleaning, WearMode, run_lives

HOURS = 24 * 400
FAST = WearMode("fast", "pump", mean_life=24 * 50)
SLOW = WearMode("slow", "fan", mean_life=24 * 130)


def lives(number: int = 0, stress: float = 1.0):
    flat = np.full(HOURS, stress)
    return run_lives([FAST, SLOW], {"fast": flat, "slow": flat}, Streams(1, "test", number))


def test_each_life_ends_at_the_wear_limit_and_the_repair_makes_as_good_as_new():
    history = lives()
    assert len(history.failures) >= 6
    for failure in history.failures:
        wear = history.wear[failure.mode.name]
        assert wear[failure.failed - 1] == pytest.approx(1.0, abs=0.12)
        if failure.repaired < HOURS:
            assert wear[failure.repaired] < 0.05


def test_wear_only_grows_within_a_life_and_stands_still_while_the_device_is_down():
    history = lives()
    ends = [failure.failed for failure in history.failures if failure.mode is SLOW]
    others = [failure for failure in history.failures if failure.mode is FAST and failure.repaired < HOURS]
    first_life = history.wear["slow"][: ends[0]]
    assert (np.diff(first_life[history.running[: ends[0]]]) >= 0).all()
    for failure in others:
        before, after = history.wear["slow"][failure.failed - 1], history.wear["slow"][failure.repaired]
        assert before <= after < before + 0.02


def test_mean_life_scales_with_stress():
    def mean_life(stress: float) -> float:
        failures = [f.failed for number in range(12) for f in lives(number, stress).failures if f.mode is FAST]
        return 12 * HOURS / len(failures)

    assert mean_life(1.0) == pytest.approx(FAST.mean_life, rel=0.12)
    assert mean_life(2.0) == pytest.approx(FAST.mean_life / 2, rel=0.12)


def test_signature_shows_late():
    history = lives()
    first = next(failure.failed for failure in history.failures if failure.mode is FAST)
    signature, wear = history.signature["fast"][:first], history.wear["fast"][:first]
    assert signature[wear < 0.5].max() < 0.05
    assert signature[-1] > 0.5


DUSTY = WearMode("dusty", "filter", mean_life=24 * 80, cleanable=0.7)


def dusty(*hours: int):
    flat = np.full(HOURS, 1.0)
    cleanings = [Cleaning("dusty", hour) for hour in hours]
    return run_lives([DUSTY, SLOW], {"dusty": flat, "slow": flat}, Streams(1, "test"), cleanings)


def test_a_cleaning_takes_off_what_has_not_caked_on_and_changes_nothing_before():
    never = dusty()
    failed = never.failures[0].failed
    early, late = failed - 300, failed - 100
    once, twice = dusty(late), dusty(early, late)

    assert (once.wear["dusty"][:late] == never.wear["dusty"][:late]).all()
    assert once.wear["dusty"][late] == pytest.approx(0.3 * never.wear["dusty"][late], abs=0.01)
    assert once.failures[0].failed > failed + 24 * 30
    assert twice.wear["dusty"][late] == pytest.approx(once.wear["dusty"][late]), "a share of all dust cakes on"
    assert (once.wear["slow"][:failed] == never.wear["slow"][:failed]).all()


def test_a_device_that_is_down_cannot_clean_itself():
    never = dusty()
    down = never.failures[0].failed + 1

    assert (dusty(down).wear["dusty"] == never.wear["dusty"]).all()
