"""What is typed into the what-if form."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aftercare.wiring import Catalog
from console.what_if_pages import changed, fields_of
from domain.errors import InvalidInputError

EMPTY = dict.fromkeys(("planned", "emergency", "needless", "notice", "gate"), "")


def test_what_is_left_empty_or_as_it_was_changes_nothing(catalog: Catalog) -> None:
    for model in catalog.values():
        for mode in model.failure_modes:
            assert changed(mode, EMPTY) == mode
            assert changed(mode, {name: value for name, _, value in fields_of(mode)}) == mode


def test_amounts_are_read_in_the_major_unit(catalog: Catalog) -> None:
    mode = changed(
        catalog["heat_pump"].failure_modes[0],
        {"planned": "250.5", "emergency": "4000", "needless": "", "notice": "72", "gate": "85"},
    )
    assert (mode.costs.planned_visit.minor, mode.costs.emergency_visit.minor) == (25_050, 400_000)
    assert (mode.lead_time, mode.gate_precision) == (timedelta(hours=72), 0.85)


@pytest.mark.parametrize(
    "given", [{"planned": "much"}, {"emergency": "-1"}, {"gate": "101"}, {"notice": "nan"}, {"needless": "inf"}]
)
def test_what_is_no_amount_is_refused(catalog: Catalog, given: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(given))):
        changed(catalog["heat_pump"].failure_modes[0], {**EMPTY, **given})
