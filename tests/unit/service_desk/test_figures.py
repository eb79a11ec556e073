"""What predictions saved against running to failure."""

from datetime import UTC, datetime, timedelta

import pytest

from aftercare.wiring import load_catalog
from domain.errors import InvalidInputError
from domain.money import Money
from service_desk.figures import saved_against_run_to_failure, scope_of
from store.figures import Closures

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def closures(device_model, failure_mode, avoided, no_fault_found):
    return Closures(device_model, failure_mode, 9, avoided, 0, 9, avoided, no_fault_found, 0, 0, None)


def test_avoided_failures_save_and_needless_visits_cost():
    catalog = load_catalog()
    model = catalog["heat_pump"]
    mode = model.failure_modes[0]
    costs = mode.costs
    rows = [closures(model.name, mode.name, 3, 2), closures(model.name, "left the catalog", 5, 0)]

    saved = saved_against_run_to_failure(rows, catalog)

    minor = 3 * (costs.emergency_visit.minor - costs.planned_visit.minor) - 2 * costs.needless_visit.minor
    assert saved == [Money(minor, model.currency)]
    assert saved_against_run_to_failure([], catalog) == []


@pytest.mark.parametrize("length", [timedelta(0), timedelta(days=-1), timedelta(days=4000)])
def test_what_is_no_period_is_refused(length):
    with pytest.raises(InvalidInputError, match="is no period"):
        scope_of({}, since=DAY, until=DAY + length, now=DAY)
