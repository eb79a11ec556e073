"""Failures and repairs that a catalog file knows nothing of."""

import pytest

from aftercare.wiring import load_catalog
from domain.unmatched_events import tell_unmatched, unmatched_events

MODEL = load_catalog()["turbofan_fd001"]


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (("failure", "hpc_degradation", "", ""), ""),
        (("failure", "hpc_degradation", "gearbox", ""), ""),
        (("failure", "F9", "", "hpc_degradation"), ""),
        (("failure", "F9", "high_pressure_compressor", ""), "failure 'F9'"),
        (("maintenance", "confirmed", "", "hpc_degradation"), ""),
        (("maintenance", "yearly", "", ""), ""),
        (("error", "E17", "gearbox", ""), ""),
        (("failure", "F9", "gearbox", ""), "failure 'F9'"),
        (("failure", "", "", ""), "failure without a code"),
        (("maintenance", "replaced", "gearbox", ""), "maintenance of 'gearbox'"),
    ],
)
def test_what_matches_no_mode_and_no_component_is_counted(event, name):
    assert unmatched_events(MODEL, {event: 3}) == ({name: 3} if name else {})


def test_the_most_frequent_are_named_with_their_numbers():
    assert tell_unmatched({}) == ""
    told = tell_unmatched({f"failure 'F{number}'": number for number in range(1, 8)})
    assert told.startswith("28 events are known to no failure mode and no component")
    assert (
        "failure 'F7' (7), failure 'F6' (6), failure 'F5' (5), failure 'F4' (4), failure 'F3' (3), and 2 more" in told
    )
