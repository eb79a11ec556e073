"""The sum behind a ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.device_model import Costs, FailureMode, KitLine, Part
from domain.money import Money
from domain.prediction import Prediction
from service_desk.policy.options import Action
from service_desk.policy.ticket_decision import PlannedVisit, Situation, decide, kit_cost, need_by, priority
from service_desk.policy.visit_sums import savings

HOUR = timedelta(hours=1)
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
EUR = partial(Money, currency="EUR")
BLADES = Part("BLADES", "Blade set", EUR(350_000), timedelta(days=14))
MODE = FailureMode(
    name="wear",
    title="Compressor worn out",
    component="compressor",
    horizon=30 * HOUR,
    lead_time=10 * HOUR,
    rul_cap=125 * HOUR,
    gate_precision=0.7,
    costs=Costs(planned_visit=EUR(1_000_000), emergency_visit=EUR(10_000_000), needless_visit=EUR(400_000)),
    kit=[KitLine("BLADES", 1)],
)
HERE = Situation(AS_OF)
A_LIFE = 1 / 200
"""Failures an hour."""


def predict(risk: float = 0.5, rul: float = 20, rul_low: float = 15) -> Prediction:
    return Prediction("d1", MODE.name, AS_OF, 30 * HOUR, risk, rul * HOUR, rul_low * HOUR, (rul + 10) * HOUR)


def document(prediction: Prediction, situation: Situation = HERE) -> dict[str, Any]:
    return decide(prediction, MODE, [BLADES], situation).document


def option(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in told["options"] if one["name"] == name)


def test_the_sum_can_be_checked_by_hand() -> None:
    told = document(predict(), replace(HERE, penalty=200_000, cost_rate=A_LIFE))
    now = option(told, "act_now")
    failed = now["failed_by"]
    assert now["at"] == (AS_OF + 10 * HOUR).isoformat()
    assert [line["minor"] for line in now["lines"][:4]] == [
        round(1_000_000 * (1 - failed)),
        round(10_000_000 * failed),
        round(200_000 * failed),
        350_000,
    ]
    assert now["lines"][4]["label"] == "Useful life thrown away"
    assert told["saving_lines"] == [
        {"label": "Emergency visit with downtime avoided, 50.0%", "minor": 5_000_000},
        {"label": "Penalty of the contract avoided, 50.0%", "minor": 100_000},
        {"label": "Planned visit instead, 50.0%", "minor": -500_000},
        {"label": "Needless visit, 50.0%", "minor": -200_000},
    ]
    assert told["saving"] == 4_400_000


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_risk_never_speaks_more_for_waiting(one: float, other: float) -> None:
    low, high = sorted((one, other))
    sums = [sum(line.minor for line in savings(risk, MODE)) for risk in (low, high)]
    assert sums[0] <= sums[1] + 3, "but for the rounding of three lines"


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 100), st.floats(0, 0.02))
def test_stored_sums_are_those_of_their_lines_and_the_cheapest_visit_is_chosen(
    risk: float, rul_low: float, rate: float
) -> None:
    planned = (PlannedVisit(7, AS_OF + 24 * HOUR),)
    told = document(
        predict(risk, rul_low + 5, rul_low),
        replace(HERE, cost_rate=rate, planned_visits=planned, journey=90_000),
    )
    for one in told["options"]:
        assert one["total"] == sum(line["minor"] for line in one["lines"])
    [chosen] = [one for one in told["options"] if one["chosen"]]
    cheapest = min(one["total"] for one in told["options"])
    assert chosen["total"] == cheapest
    assert told["saving"] == sum(line["minor"] for line in told["saving_lines"])


def test_a_small_risk_is_not_worth_a_visit() -> None:
    decision = decide(predict(risk=0.001), MODE, [BLADES], replace(HERE, cost_rate=A_LIFE))
    assert decision.action is Action.WAIT
    assert decision.saving < 0
    assert decision.document["reason"].startswith("Waiting saves EUR")


def test_a_repair_joins_a_planned_visit_that_saves_the_journey() -> None:
    planned = (PlannedVisit(7, AS_OF + 12 * HOUR),)
    calm = predict(risk=0.6, rul=28, rul_low=25)
    joined = decide(calm, MODE, [BLADES], replace(HERE, planned_visits=planned, journey=300_000))
    assert (joined.action, joined.joins_visit, joined.visit_at) == (Action.JOIN_PLANNED, 7, AS_OF + 12 * HOUR)
    alone = decide(calm, MODE, [BLADES], HERE)
    assert (alone.action, alone.joins_visit) == (Action.ACT_NOW, None)


def test_a_life_that_is_worth_much_is_used_up() -> None:
    far = predict(risk=0.05, rul=45, rul_low=40)
    assert decide(far, MODE, [BLADES], HERE).action is Action.ACT_NOW
    later = decide(far, MODE, [BLADES], replace(HERE, cost_rate=4 * A_LIFE))
    assert later.action is Action.WAIT
    assert later.visit_at > AS_OF + 10 * HOUR


def test_parts_that_come_late_put_the_visit_off_and_it_is_said_why() -> None:
    told = document(predict(), replace(HERE, parts_wait=20 * HOUR, parts_reason="BLADES has to be bought"))
    assert option(told, "act_now")["at"] == (AS_OF + 20 * HOUR).isoformat()
    assert told["notice_reason"] == "BLADES has to be bought"


def test_a_kit_costs_its_parts_times_their_quantities() -> None:
    double = replace(MODE, kit=[replace(MODE.kit[0], quantity=2)])
    assert kit_cost(double, [BLADES]).minor == 700_000
    assert kit_cost(replace(MODE, kit=()), [BLADES]).minor == 0


@pytest.mark.parametrize(("rul_low", "hours"), [(15, 5), (10, 0), (2, 0)])
def test_the_part_is_needed_a_visits_notice_before_the_early_bound_and_never_in_the_past(
    rul_low: float, hours: float
) -> None:
    assert need_by(predict(rul_low=rul_low), MODE, AS_OF) == AS_OF + hours * HOUR
    later = AS_OF + 48 * HOUR
    assert need_by(predict(rul_low=rul_low), MODE, later) == later


@pytest.mark.parametrize(
    ("risk", "rul", "rul_low", "contract", "expected"),
    [
        (0.9, 20, 10, None, 1),
        (0.9, 25, 20, None, 2),
        (0.9, 30, 25, None, 3),
        (0.9, 40, 25, None, 4),
        (0.9, 40, 25, 1, 2),
        (0.9, 40, 25, 2, 3),
        (0.9, 40, 25, 5, 4),
        (0.9, 25, 20, 1, 1),
        (0.001, 5, 1, 1, 5),
    ],
)
def test_priority_follows_the_time_left_and_the_contract_unless_waiting_is_cheaper(
    risk: float, rul: float, rul_low: float, contract: int | None, expected: int
) -> None:
    prediction, situation = predict(risk, rul, rul_low), replace(HERE, contract_priority=contract)
    assert priority(prediction, MODE, decide(prediction, MODE, [BLADES], situation), situation) == expected
