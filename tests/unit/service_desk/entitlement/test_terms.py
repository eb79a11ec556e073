from dataclasses import replace
from datetime import date

import pytest

from domain.entitlement import Contract, StartBasis, Warranty
from domain.errors import InvalidInputError
from service_desk.entitlement.terms import RepairCase, add_months, judge_contract, judge_warranty

CASE = RepairCase(
    device="d1",
    device_model="pump",
    customer="Acme",
    site="Halle",
    failure_mode="leak",
    component="circuit",
    today=date(2026, 6, 15),
    starts={
        StartBasis.INSTALLATION: date(2024, 6, 16),
        StartBasis.MANUFACTURE: date(2023, 1, 31),
        StartBasis.PURCHASE: None,
    },
    sold_to="Acme",
    usage={"hours": 900.0, "cycles": None},
)
TWO_YEARS = Warranty(warranty_no="W", device_model="pump", term_months=24, parts_percent=100)
CONTRACT = Contract(contract_no="C", customer="Acme", valid_from=date(2026, 1, 1), valid_to=date(2026, 6, 15))


def test_a_term_ends_on_the_day_of_its_month() -> None:
    assert judge_warranty(TWO_YEARS, CASE).applies
    over = judge_warranty(TWO_YEARS, replace(CASE, today=date(2026, 6, 16)))
    assert (over.applies, over.reason) == (False, "ended on 2026-06-16, 24 months after 2024-06-16")
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(9999, 1, 1), 12) == date.max


@pytest.mark.parametrize(
    ("changes", "applies", "said"),
    [
        ({"usage_channel": "hours", "usage_limit": 1000.0}, True, "until 2026-06-16 and while hours is below 1000"),
        ({"usage_channel": "hours", "usage_limit": 900.0}, False, "ended at hours 900: it is 900"),
        ({"starts_from": StartBasis.MANUFACTURE}, False, "ended on 2025-01-31"),
        ({"starts_from": StartBasis.PURCHASE}, False, "its start is not known: note when the device was purchased"),
        ({"excluded_failure_modes": ("leak",)}, False, "excludes the failure mode leak"),
        ({"excluded_components": ("circuit",)}, False, "excludes the component circuit"),
        ({"excluded_causes": ("misuse",)}, True, "in force"),
    ],
)
def test_why_a_warranty_applies_or_not(changes: dict[str, object], applies: bool, said: str) -> None:
    found = judge_warranty(replace(TWO_YEARS, **changes), CASE)
    assert found.applies is applies
    assert said in found.reason


def test_what_is_unknown_is_told() -> None:
    by_cycles = replace(TWO_YEARS, usage_channel="cycles", usage_limit=10.0)
    found = judge_warranty(by_cycles, CASE)
    assert found.applies
    assert "cycles was never sent" in found.unknown


def test_one_that_is_not_transferable_ends_with_the_first_owner() -> None:
    bound = replace(TWO_YEARS, transferable=False)
    assert judge_warranty(bound, CASE).applies
    assert "not transferable" in judge_warranty(bound, replace(CASE, sold_to="Beta")).reason
    assert judge_warranty(bound, replace(CASE, sold_to=None)).unknown


def test_a_cause_that_is_excluded_ends_it() -> None:
    bound = replace(TWO_YEARS, excluded_causes=("misuse",))
    assert judge_warranty(bound, replace(CASE, cause="misuse")).reason == "excludes the cause misuse"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "in force until 2026-06-15, covers all of the customer's"),
        ({"site": "Ulm"}, "covers site Ulm only"),
        ({"device": "d2"}, "covers device d2 only"),
        ({"customer": "Beta"}, "is Beta's"),
        ({"valid_to": date(2026, 6, 14)}, "ended on 2026-06-14"),
        ({"valid_from": date(2026, 6, 16), "valid_to": None}, "begins on 2026-06-16"),
    ],
)
def test_why_a_contract_applies_or_not(changes: dict[str, object], said: str) -> None:
    found = judge_contract(replace(CONTRACT, **changes), CASE)
    assert said in found.reason
    assert found.applies is said.startswith("in force")


@pytest.mark.parametrize(
    "fields",
    [
        {"device": "d1"},
        {"term_months": None},
        {"term_months": 0},
        {"usage_channel": "hours"},
        {"parts_percent": 101},
        {"warranty_no": " "},
        {"warranty_no": "a\x00"},
        {"usage_channel": "hours", "usage_limit": float("nan")},
    ],
)
def test_what_is_no_warranty(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        replace(TWO_YEARS, **fields)


@pytest.mark.parametrize(
    "fields", [{"valid_to": date(2025, 1, 1)}, {"response_hours": 0.0}, {"priority": 0}, {"breach_penalty": -1}]
)
def test_what_is_no_contract(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        replace(CONTRACT, **fields)
