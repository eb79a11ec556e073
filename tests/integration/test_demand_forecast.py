"""Demand that is worked out beforehand: it is what the devices add up to at that moment, and done anew in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from domain.prediction import CURVE_STEPS, Prediction
from service_desk import reorder, shelves
from service_desk.demand_forecast import OLDEST, renew, work_out
from service_desk.policy.risk_curve import risk_curve
from store import demand

from .conftest import HOUR, START

if TYPE_CHECKING:
    from .conftest import Desk

NOW = START + 20 * HOUR
Key = tuple[str, str]


def add_fleet(desk: Desk) -> list[tuple[str, Prediction]]:
    """Devices of two centres with predictions of several ages, every other with a risk curve of its own."""
    random, fleet = np.random.default_rng(3), []
    for number in range(24):
        centre = ("north", "south")[number % 3 == 0]
        device_id = desk.add_device(f"d{number}", service_centre=centre)
        for hours in (0, 1 + number % 23):
            told = desk.predict(device_id, hours=hours, risk=float(random.random()), rul_low=number)
        failed_by: tuple[float, ...] = ()
        if number % 2:
            curve = np.sort(random.random(CURVE_STEPS) * told.prediction.risk).astype(np.float32)
            failed_by = tuple(curve.astype(float).tolist())
            desk.rows(
                "UPDATE predictions SET failed_by = %s WHERE prediction_id = %s", list(failed_by), told.prediction_id
            )
        fleet.append((centre, replace(told.prediction, failed_by=failed_by)))
    return fleet


def chances(desk: Desk, fleet: list[tuple[str, Prediction]]) -> Mapping[Key, list[tuple[float, int, timedelta]]]:
    """By centre and part the chance of each device, from the risk curve that the ticket's decision would draw of it."""
    with desk.database.transaction() as connection:
        lead_times = demand.lead_times(connection)
    found: dict[Key, list[tuple[float, int, timedelta]]] = {}
    for centre, prediction in fleet:
        curve = risk_curve(prediction, now=NOW)
        for line in desk.device_model.failure_modes[0].kit:
            window = lead_times[line.part_no] / HOUR
            over = window / curve.step - len(curve.failed_by)
            last = (1 - curve.failed_by[-1]) / (1 - curve.failed_by[-2])
            chance = 1 - (1 - float(curve.failed(np.array([window]))[0])) * last ** max(over, 0.0)
            found.setdefault((centre, line.part_no), []).append((chance, line.quantity, lead_times[line.part_no]))
    return found


@pytest.mark.parametrize("level", [0.01, 0.5, 0.95, 1 - 1e-9])
def test_what_is_listed_is_what_the_devices_add_up_to_at_that_moment(desk: Desk, level: float) -> None:
    fleet = add_fleet(desk)
    with desk.database.transaction() as connection:
        assert work_out(connection, desk.catalog, now=NOW).predictions == len(fleet)
        found = reorder.forecast(connection, level=level)
    assert found.as_of == NOW
    expected = chances(desk, fleet)
    assert [(line.service_centre, line.part.part_no) for line in found.lines] == sorted(expected)
    for line in found.lines:
        pieces, told = np.ones(1), expected[line.service_centre, line.part.part_no]
        for chance, quantity, lead_time in told:
            one = np.zeros(quantity + 1)
            one[0], one[-1] = 1 - chance, chance
            pieces = np.convolve(pieces, one)
            assert line.part.lead_time == lead_time
        assert line.requirement.expected == pytest.approx(sum(chance * quantity for chance, quantity, _ in told))
        assert line.requirement.needed == np.searchsorted(np.cumsum(pieces), level)


def test_a_level_that_is_met_exactly_needs_no_piece_more(desk: Desk) -> None:
    desk.predict(desk.add_device("d1"))
    with desk.database.transaction() as connection:
        work_out(connection, desk.catalog, now=START)
    desk.rows("UPDATE demand_forecasts SET first = 3, enough = '{0.25, 0.5, 1}'")
    with desk.database.transaction() as connection:
        needed = [reorder.forecast(connection, level=level).lines[0].requirement.needed for level in (0.2, 0.5, 0.51)]
    assert needed == [3, 4, 5]


def test_parts_that_only_lie_on_shelves_are_listed_when_asked_for(desk: Desk) -> None:
    desk.predict(desk.add_device("d1"))
    idle = next(part.part_no for part in desk.catalog["heat_pump"].parts)
    with desk.database.transaction() as connection:
        for part_no in (idle, desk.part_no):
            shelves.receive(connection, service_centre="north", part_no=part_no, quantity=9, who="test", now=START)
        work_out(connection, desk.catalog, now=START)
        needed, every = (reorder.forecast(connection, everything=everything).lines for everything in (False, True))
    assert [line.part.part_no for line in needed] == [desk.part_no]
    assert [line.part.part_no for line in every] == sorted([idle, desk.part_no])
    assert needed[0] in every


@pytest.mark.parametrize("failed_by", ["{0.2, 0.1, 0}", "{0.1, NaN, 0.3}"])
def test_a_curve_that_is_none_spoils_nothing(desk: Desk, failed_by: str) -> None:
    recorded = desk.predict(desk.add_device("d1"), risk=0.5, rul_low=400)
    desk.predict(desk.add_device("d2"))

    def expected() -> float:
        with desk.database.transaction() as connection:
            work_out(connection, desk.catalog, now=START)
            return reorder.forecast(connection).lines[0].requirement.expected

    drawn = expected()
    desk.rows("UPDATE predictions SET failed_by = %s WHERE prediction_id = %s", failed_by, recorded.prediction_id)
    assert expected() == drawn


def test_before_it_was_worked_out_only_what_lies_and_is_waited_for_is_told(desk: Desk) -> None:
    desk.act(desk.predict(desk.add_device("d1")))
    with desk.database.transaction() as connection:
        found = reorder.forecast(connection)
    assert found.as_of is None
    [line] = found.to_order
    assert line.why.endswith("1 waited for by tickets: order 1")


def renewed(desk: Desk, *, later: timedelta = timedelta()) -> bool:
    with desk.database.transaction() as connection:
        return renew(connection, desk.catalog, now=START + later)


def test_it_is_worked_out_anew_when_something_has_changed(desk: Desk) -> None:
    recorded = desk.predict(desk.add_device("d1"))
    assert renewed(desk)
    assert not renewed(desk, later=OLDEST - timedelta(seconds=1))
    assert renewed(desk, later=OLDEST)
    assert renewed(desk), "the clock was set back"
    desk.act(recorded)
    assert renewed(desk), "a ticket has got its parts"
    desk.rows("UPDATE parts SET lead_time = lead_time + interval '1 day' WHERE part_no = %s", desk.part_no)
    assert renewed(desk), "a lead time has changed"
    assert not renewed(desk)


def test_one_process_at_a_time_works_it_out(desk: Desk) -> None:
    with desk.database.transaction() as connection:
        work_out(connection, desk.catalog, now=START)
        assert not renewed(desk, later=2 * OLDEST)
    assert renewed(desk, later=2 * OLDEST)
