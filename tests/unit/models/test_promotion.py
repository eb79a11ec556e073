"""A challenger has to be better, by more than chance, on what neither had learnt from."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from domain.device_model import DeviceModel, FailureMode
from models.calibration import Floats
from models.features import History, fit_features
from models.held_out import NOTHING
from models.promotion import Verdict, champion_risk, compare
from models.training import TrainingOutcome, train

Fleet = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture
def good(outcome: TrainingOutcome) -> Floats:
    return outcome.held_out["risk"].to_numpy()


@pytest.fixture
def blind(good: Floats) -> Floats:
    """Says the same of every reading."""
    return np.full(len(good), good.mean())


@pytest.fixture
def judge(outcome: TrainingOutcome, fleet: Fleet, pump: DeviceModel, wear: FailureMode):  # type: ignore[no-untyped-def]
    def judged(challenger: Floats, champion: Floats) -> Verdict:
        truth = outcome.held_out["fails_within"].to_numpy()
        return compare(challenger, champion, truth, *fleet, pump, wear)

    return judged


def test_a_model_that_sees_failures_beats_one_that_does_not(judge, good: Floats, blind: Floats) -> None:  # type: ignore[no-untyped-def]
    won, lost = judge(good, blind), judge(blind, good)
    assert won.promote
    assert "cheaper than the champion beyond noise" in won.reason
    assert "12 devices and 10 failures" in won.reason
    assert won.figures["cost_minor"] < won.figures["champion_cost_minor"]
    assert not lost.promote
    assert lost.figures["champion_cost_minor"] == won.figures["cost_minor"]


def test_equals_stay_where_they_are(judge, good: Floats) -> None:  # type: ignore[no-untyped-def]
    same = judge(good, good)
    assert not same.promote
    assert same.figures["cost_change"] == same.figures["brier_change"] == 0


def test_noise_is_seldom_promoted(judge, good: Floats) -> None:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(7)

    def shaken() -> Floats:
        shaken: Floats = np.clip(good + random.normal(0, 0.03, len(good)), 0, 1)
        return shaken

    assert sum(judge(shaken(), shaken()).promote for _ in range(20)) <= 1


def test_truth_without_savings_is_enough(judge, good: Floats) -> None:  # type: ignore[no-untyped-def]
    # The order and with it the alarms are the same; but high risks are told too low.
    verdict = judge(good, np.where(good > 0.2, 0.2 + 0.4 * good, good))
    assert verdict.promote
    assert "truer than the champion beyond noise, and no dearer" in verdict.reason


def test_too_few_failures_in_common_decide_nothing(  # type: ignore[no-untyped-def]
    judge, good: Floats, blind: Floats, fleet: Fleet
) -> None:
    known_of_four = np.where(fleet[0]["device"] <= "pump-03", blind, np.nan)
    verdict = judge(good, known_of_four)
    assert not verdict.promote
    assert verdict.reason == "only 4 failures to compare by; 5 are needed"


def test_the_champion_is_judged_on_what_it_had_not_seen(
    fleet: Fleet, pump: DeviceModel, wear: FailureMode, outcome: TrainingOutcome
) -> None:
    readings, events = fleet
    end = readings["ts"].min() + timedelta(hours=215)
    before, known = readings[readings["ts"] <= end], events[events["ts"] <= end]
    early = train(History(before.reset_index(drop=True), known), pump, wear)
    kept = early.held_out[early.held_out["device"] != "pump-05"]

    risk = champion_risk(early.model, kept, History(readings, events), pump, trained_to=pd.Timestamp(early.data_to))

    newer = (readings["ts"] > early.data_to).to_numpy()
    np.testing.assert_allclose(risk[newer], early.model.risk(_features(fleet, pump, wear)[newer]))
    missing = (readings["device"] == "pump-05").to_numpy() & ~newer
    assert np.isnan(risk[missing]).all()
    np.testing.assert_allclose(risk[~newer & ~missing], kept["risk"])
    alone = champion_risk(early.model, NOTHING, History(readings, events), pump, trained_to=pd.Timestamp(early.data_to))
    assert np.array_equal(np.isnan(alone), ~newer)


def _features(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> pd.DataFrame:
    history = History(*fleet)
    return fit_features(history, pump, wear).build(history, pump, wear)
