"""The sum behind a ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.device_model import Costs, FailureMode, KitLine, Part
from domain.money import Money
from domain.prediction import Prediction
from service_desk.decision import ACT, WAIT, decide, decision_document, kit_cost, need_by, priority, total

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


def predict(risk: float = 0.5, rul: float = 20, rul_low: float = 15) -> Prediction:
    return Prediction("d1", MODE.name, AS_OF, 30 * HOUR, risk, rul * HOUR, rul_low * HOUR, (rul + 10) * HOUR)


def test_the_sum_can_be_checked_by_hand() -> None:
    decision = decide(predict(risk=0.5), MODE, [BLADES])
    assert [line.minor for line in decision.act_now] == [500_000, 175_000, 200_000]
    assert [line.minor for line in decision.wait] == [5_000_000, 175_000]
    assert (decision.action, decision.reason) == (ACT, "A visit now saves EUR 43,000.00 on average")


def test_a_small_risk_is_not_worth_a_visit() -> None:
    decision = decide(predict(risk=0.01), MODE, [BLADES])
    assert (decision.action, decision.reason) == (WAIT, "Waiting saves EUR 3,060.00 on average")


@given(st.floats(0, 1))
def test_the_stored_sums_are_those_of_their_lines_and_choose_the_cheaper(risk: float) -> None:
    prediction = predict(risk=risk)
    document = decision_document(decide(prediction, MODE, [BLADES]), prediction)
    assert document["act_now_total"] == sum(line["minor"] for line in document["act_now"])
    assert document["wait_total"] == sum(line["minor"] for line in document["wait"])
    assert (document["action"] == ACT) == (document["act_now_total"] <= document["wait_total"])


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_risk_never_speaks_more_for_waiting(one: float, other: float) -> None:
    low, high = sorted((one, other))
    savings = []
    for risk in (low, high):
        decision = decide(predict(risk=risk), MODE, [BLADES])
        savings.append(total(decision.wait) - total(decision.act_now))
    assert savings[0] <= savings[1] + 3, "but for the rounding of three lines"


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
    ("risk", "rul", "rul_low", "expected"),
    [(0.9, 20, 10, 1), (0.9, 25, 20, 2), (0.9, 30, 25, 3), (0.9, 40, 25, 4), (0.001, 5, 1, 5)],
)
def test_priority_follows_the_time_left_unless_waiting_is_cheaper(
    risk: float, rul: float, rul_low: float, expected: int
) -> None:
    prediction = predict(risk, rul, rul_low)
    assert priority(prediction, MODE, decide(prediction, MODE, [BLADES])) == expected
