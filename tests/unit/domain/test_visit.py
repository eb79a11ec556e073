"""What a technician's shifts come to, and what cannot be one."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import InvalidInputError
from domain.visit import Technician


def technician(**fields: Any) -> Technician:
    return Technician(technician="anna", service_centre="north", **fields)


@pytest.mark.parametrize(
    ("fields", "hours"),
    [
        ({}, 45),
        ({"hours": "Mo-Fr 22:00-06:00"}, 40),
        ({"hours": "Mo 08:00-12:00, Mo 13:00-17:00"}, 8),
        ({"weekly_hours": 20}, 20),
        ({"weekly_hours": 0}, 0),
    ],
)
def test_a_week_is_as_long_as_its_shifts_unless_said(fields: dict[str, Any], hours: float) -> None:
    assert technician(**fields).hours_a_week == hours


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"hours": "always"}, "is not like"),
        ({"time_zone": "Mars/Base"}, "not one of IANA"),
        ({"weekly_hours": 169}, "between 0 and 168"),
        ({"weekly_hours": float("nan")}, "between 0 and 168"),
        ({"skills": (" ",)}, "a skill is empty"),
        ({"holidays": "XX"}, "XX"),
    ],
)
def test_what_cannot_be_is_told(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        technician(**fields)
