"""What other terms make of the same predictions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftercare.wiring import Catalog
from domain.device_model import Costs, FailureMode
from domain.money import Money
from domain.prediction import CURVE_STEPS, Prediction
from domain.prediction_columns import PredictionColumns
from models.evaluation import Follower, trace_lives
from models.lives import find_lives
from service_desk.budget import Candidate, deferred
from service_desk.policy.ticket_decision import Situation, decide, kit_cost, need_by
from service_desk.policy.what_if import EPOCH, Consequence, Terms, backtest, consequence

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
CENTRES = ("north", "south")


@pytest.fixture
def mode(catalog: Catalog) -> FailureMode:
    return catalog["turbofan_fd001"].failure_modes[0]


def terms(catalog: Catalog, mode: FailureMode, **changes: object) -> Terms:
    parts = catalog["turbofan_fd001"].parts
    return replace(Terms(mode, 0.5, True, parts, {}, frozenset(), 0.0), **changes)  # type: ignore[arg-type]


def predicted(mode: FailureMode, *risks: float) -> list[PredictionColumns]:
    return columns(
        Prediction(f"engine-{number}", mode.name, START, mode.horizon, risk, 40 * HOUR, 30 * HOUR, 50 * HOUR)
        for number, risk in enumerate(risks)
    )


def columns(predictions: Iterable[Prediction], centres: Sequence[str] = ("north",)) -> list[PredictionColumns]:
    """As the store reads them."""
    told = sorted(enumerate(predictions), key=lambda one: len(one[1].failed_by))
    return [
        PredictionColumns(
            alike[0][1].horizon,
            np.array([number for number, _ in alike]),
            np.array([centres[number % len(centres)] for number, _ in alike], dtype=object),
            np.array([(one.as_of - EPOCH) // timedelta(microseconds=1) for _, one in alike]),
            np.array([one.risk for _, one in alike]),
            np.array([[one.rul_low / HOUR, one.rul / HOUR, one.rul_high / HOUR] for _, one in alike]),
            np.array([one.failed_by for _, one in alike], dtype=np.float32),
        )
        for _, group in groupby(told, key=lambda one: len(one[1].failed_by))
        for alike in [list(group)]
    ]


def test_each_prediction_becomes_a_ticket_or_is_left_alone(catalog: Catalog, mode: FailureMode) -> None:
    found = consequence(predicted(mode, 0.9, 0.6, 0.1), terms(catalog, mode))
    assert (found.devices, found.tickets, found.opened, found.suggested, found.deferred) == (3, 2, 2, 0, 0)
    assert found.cost == found.cost_of_visits + found.cost_of_waiting
    shut = consequence(predicted(mode, 0.9, 0.6, 0.1), terms(catalog, mode, gate_open=False))
    assert (shut.opened, shut.suggested, shut.cost) == (0, 2, found.cost)


def test_who_finds_no_visit_left_is_deferred_and_left_at_their_risk(catalog: Catalog, mode: FailureMode) -> None:
    told = predicted(mode, 0.9, 0.8, 0.7)
    free = consequence(told, terms(catalog, mode))
    tight = consequence(told, terms(catalog, mode, capacity={"north": 1}))
    assert (free.deferred, tight.deferred, tight.opened) == (0, 2, 1)
    assert tight.cost > free.cost
    hours = terms(catalog, mode, capacity={"north": 2 * mode.visit_length / HOUR}, in_hours=frozenset({"north"}))
    assert consequence(told, hours).deferred == 1


def test_nothing_predicted_costs_nothing(catalog: Catalog, mode: FailureMode) -> None:
    found = consequence([], terms(catalog, mode))
    assert (found.devices, found.tickets, found.cost) == (0, 0, 0)


def test_dearer_failures_are_acted_on_earlier(catalog: Catalog, mode: FailureMode) -> None:
    steps, devices = 100, 8
    risk = 1 / (1 + np.exp(-(np.arange(steps) - 80) / 5.0))
    rng = np.random.default_rng(7)
    held_out = pd.DataFrame(
        {
            "device": np.repeat([f"engine-{number}" for number in range(devices)], steps),
            "ts": pd.to_datetime(
                np.tile(np.arange(steps), devices), unit="h", utc=True, origin=START.replace(tzinfo=None)
            ),
            "risk": np.clip(np.tile(risk, devices) + rng.normal(0, 0.05, steps * devices), 0.001, 0.999),
        }
    )
    events = pd.DataFrame(
        {
            "device": [f"engine-{number}" for number in range(devices)],
            "ts": [pd.Timestamp(START) + pd.Timedelta(hours=steps)] * devices,
            "kind": "failure",
            "code": mode.event_codes[0],
            "component": mode.component,
            "failure_mode": mode.name,
        }
    )
    mode = replace(mode, lead_time=10 * HOUR, horizon=30 * HOUR)
    lives = find_lives(held_out, events, catalog["turbofan_fd001"], mode)
    followed = Follower.of(trace_lives(lives, held_out["risk"].to_numpy()), mode).follow_all()
    usual = backtest(followed, mode)
    emergency = Money(mode.costs.emergency_visit.minor * 10, mode.costs.emergency_visit.currency)
    dear = backtest(followed, replace(mode, costs=replace(mode.costs, emergency_visit=emergency)))
    assert usual.curve["run_to_failure"] == devices * mode.costs.emergency_visit.minor
    assert dear.curve["run_to_failure"] == 10 * usual.curve["run_to_failure"]
    assert dear.threshold <= usual.threshold < 0.9


@st.composite
def predictions(draw: st.DrawFn, horizon: timedelta) -> Prediction:
    """With a risk curve or without one, at any time of three weeks."""
    steps = draw(st.sampled_from([0, CURVE_STEPS, 2 * CURVE_STEPS]))
    risk, at = draw(st.floats(0, 1)), START + draw(st.integers(0, 3 * 7 * 86_400_000_000)) * timedelta(microseconds=1)
    lives = sorted(draw(st.tuples(*[st.integers(0, 200)] * 3)))
    even = np.linspace(0, max(risk, draw(st.floats(0, 1))), steps, dtype=np.float32)
    low, rul, high = (hours * HOUR for hours in lives)
    return Prediction("engine", "wear", at, horizon, risk, rul, low, high, failed_by=even.tolist())


def one_by_one(told: Sequence[Prediction], some: Terms) -> Consequence:
    """What `consequence` tells, by the decision about each device, which are of `CENTRES` in turn."""
    failure = some.mode.costs.emergency_visit + kit_cost(some.mode, some.parts)
    visits, weeks = {}, defaultdict(list)
    for number, one in enumerate(told):
        if one.risk >= some.threshold:
            decision = decide(one, some.mode, some.parts, Situation(now=one.as_of, cost_rate=some.cost_rate))
            [visits[number]] = [option["total"] for option in decision.document["options"] if option["chosen"]]
            week, last = ((at - START) // timedelta(weeks=1) for at in (one.as_of, need_by(one, some.mode, one.as_of)))
            centre = CENTRES[number % len(CENTRES)]
            takes = some.mode.visit_length / HOUR if centre in some.in_hours else 1.0
            weeks[week].append(Candidate(number, centre, last, decision.saving, takes))
    late = {number for week, asking in weeks.items() for number in deferred(asking, some.capacity, week)}
    made = [cost for number, cost in visits.items() if number not in late]
    left = [one.risk for number, one in enumerate(told) if number in late or number not in visits]
    return Consequence(
        devices=len(told),
        tickets=len(visits),
        opened=len(made),
        suggested=0,
        deferred=len(late),
        cost_of_visits=sum(made),
        cost_of_waiting=sum(failure.times(risk).minor for risk in left),
    )


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_many_devices_come_to_what_each_is_decided_alone(catalog: Catalog, data: st.DataObject) -> None:
    model = catalog["turbofan_fd001"]
    usual = model.failure_modes[0]
    planned, emergency, needless = (Money(data.draw(st.integers(0, 10**7)), model.currency) for _ in range(3))
    lead_time = data.draw(st.integers(0, 400)) * HOUR
    mode = replace(usual, costs=Costs(planned, emergency, needless), lead_time=lead_time)
    told = data.draw(st.lists(predictions(usual.horizon), max_size=12))
    capacity = data.draw(st.dictionaries(st.sampled_from(CENTRES), st.integers(0, 3)))
    in_hours = frozenset(data.draw(st.sets(st.sampled_from(CENTRES))))
    rate, threshold = data.draw(st.floats(0, 0.05)), data.draw(st.floats(0, 1))
    some = terms(catalog, mode, threshold=threshold, cost_rate=rate, capacity=capacity, in_hours=in_hours)

    assert consequence(columns(told, CENTRES), some) == one_by_one(told, some)


def test_those_wait_that_save_less_than_others_of_their_centre(catalog: Catalog, mode: FailureMode) -> None:
    random = np.random.default_rng(5)
    told = [
        Prediction("engine", mode.name, START, mode.horizon, risk, 400 * HOUR, low * HOUR, 500 * HOUR)
        for risk, low in zip(random.random(90), random.choice([0, 150, 400], 90), strict=True)
    ]
    some = terms(catalog, mode, threshold=0.1, capacity={"north": 4, "south": 9.5}, in_hours=frozenset({"south"}))
    found = consequence(columns(told, CENTRES), some)
    assert found == one_by_one(told, some)
    assert 30 < found.deferred < found.tickets - 10
