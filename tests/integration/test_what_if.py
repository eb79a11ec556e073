"""What a what-if rests on: read as it is stored, kept for a while, and for nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from domain.errors import ForbiddenError
from domain.prediction import CURVE_STEPS
from service_desk.what_if import KEPT_FOR, THRESHOLDS_KEPT, Comparison, WhatIf
from store import recorded_predictions
from store.model_versions import get_version
from store.scope import seen_by

from .conftest import HOUR, START

if TYPE_CHECKING:
    from .conftest import Desk

NOW = START + 20 * HOUR


def test_of_each_device_the_first_prediction_that_reached_the_threshold_is_read(desk: Desk) -> None:
    curve = np.linspace(0.02, 0.8, CURVE_STEPS, dtype=np.float32)
    plain, told, calm, early = (desk.add_device(name) for name in ("plain", "told", "calm", "early"))
    for hours, risk in ((0, 0.3), (1, 0.6), (2, 0.9)):
        desk.predict(plain, hours=hours, risk=risk, rul_low=15.25)
        desk.predict(told, hours=hours, risk=risk)
        desk.predict(calm, hours=hours, risk=0.4 - risk / 10)
    desk.predict(early, hours=-1, risk=0.9)
    desk.rows("UPDATE predictions SET failed_by = %s WHERE device_id <> %s", curve.tolist(), plain)
    with desk.database.transaction() as connection:
        found = recorded_predictions.first_above(
            connection,
            device_model=desk.device_model.name,
            failure_mode=desk.failure_mode,
            since=START - HOUR,
            until=NOW,
            threshold=0.6,
            limit=100,
        )
    with_curve, without = sorted(found, key=lambda one: one.failed_by.shape[1], reverse=True)
    assert with_curve.device_id.tolist() == [told]
    assert with_curve.failed_by.tolist() == [curve.tolist()]
    at = [round((START + hours * HOUR).timestamp() * 1e6) for hours in (1, 0)]
    columns = (without.device_id, without.risk, without.as_of, without.lives)
    assert sorted(zip(*(column.tolist() for column in columns), strict=True)) == [
        (plain, 0.6, at[0], [15.25, 20.25, 25.25]),
        (calm, 0.37, at[1], [15, 20, 25]),
    ]
    assert set(without.service_centre) == {"north"}
    assert without.horizon == desk.device_model.failure_modes[0].horizon


def compared(desk: Desk, what_if: WhatIf, *, now: timedelta = timedelta(0), threshold: float = 0.5) -> Comparison:
    with desk.database.transaction() as connection:
        champion = replace(get_version(connection, desk.model_version_id), alarm_threshold=threshold)
        modes = desk.device_model.failure_modes[:1]
        return what_if.compare(connection, desk.device_model, champion, modes, now=NOW + now)


def test_it_says_as_of_when_it_is_and_reads_again_after_a_while(desk: Desk) -> None:
    what_if = WhatIf()
    desk.predict(desk.add_device("hp-1"))
    first = compared(desk, what_if)
    desk.predict(desk.add_device("hp-2"), hours=20)
    soon, later = compared(desk, what_if, now=KEPT_FOR / 2), compared(desk, what_if, now=KEPT_FOR)
    assert [one.as_of for one in (first, soon, later)] == [NOW, NOW, NOW + KEPT_FOR]
    assert [one.outlooks[0].consequence.devices for one in (first, soon, later)] == [1, 1, 2]
    assert compared(desk, what_if, now=-HOUR).as_of == NOW - HOUR, "a clock that was put back"


def test_another_threshold_is_read_as_of_the_same_moment(desk: Desk) -> None:
    what_if, device_id = WhatIf(), desk.add_device("hp-1")
    desk.predict(device_id, risk=0.6)
    desk.predict(device_id, hours=21, risk=0.9)
    assert compared(desk, what_if).outlooks[0].consequence.tickets == 1
    for number in range(2 * THRESHOLDS_KEPT):
        found = compared(desk, what_if, now=KEPT_FOR / 2, threshold=0.7 + number / 100)
        assert (found.as_of, found.outlooks[0].consequence.tickets) == (NOW, 0)


def test_what_was_kept_for_a_planner_is_not_shown_to_a_customer(desk: Desk) -> None:
    what_if = WhatIf()
    desk.predict(desk.add_device("hp-1"))
    compared(desk, what_if)
    with seen_by("Acme"), pytest.raises(ForbiddenError):
        compared(desk, what_if)
