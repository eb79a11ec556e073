"""What other terms make of the same predictions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from aftercare.wiring import Catalog
from domain.device_model import FailureMode
from domain.money import Money
from domain.prediction import Prediction
from models.lives import find_lives
from service_desk.policy.what_if import Terms, backtest, consequence

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def mode(catalog: Catalog) -> FailureMode:
    return catalog["turbofan_fd001"].failure_modes[0]


def terms(catalog: Catalog, mode: FailureMode, **changes: object) -> Terms:
    parts = catalog["turbofan_fd001"].parts
    return replace(Terms(mode, 0.5, True, parts, {}, frozenset(), 0.0), **changes)  # type: ignore[arg-type]


def predicted(mode: FailureMode, *risks: float) -> list[tuple[str, Prediction]]:
    return [
        (
            "north",
            Prediction(f"engine-{number}", mode.name, START, mode.horizon, risk, 40 * HOUR, 30 * HOUR, 50 * HOUR),
        )
        for number, risk in enumerate(risks)
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
    usual = backtest(lives, held_out, mode)
    emergency = Money(mode.costs.emergency_visit.minor * 10, mode.costs.emergency_visit.currency)
    dear = backtest(lives, held_out, replace(mode, costs=replace(mode.costs, emergency_visit=emergency)))
    assert usual.curve["run_to_failure"] == devices * mode.costs.emergency_visit.minor
    assert dear.curve["run_to_failure"] == 10 * usual.curve["run_to_failure"]
    assert dear.threshold <= usual.threshold < 0.9
