"""When tickets open by themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_desk.policy.gate import judge_gate


@pytest.mark.parametrize(("held_out", "opens"), [(0.9, True), (0.7, True), (0.69, False), (0.0, False), (None, False)])
def test_without_closures_it_is_what_held_out_devices_said(held_out: float | None, opens: bool) -> None:
    found = judge_gate(right=0, wrong=0, held_out=held_out, required=0.7, was_open=None)
    assert found.auto_open is opens
    assert found.precision == pytest.approx(held_out or 0)


def test_a_run_of_no_fault_found_shuts_it_and_confirmed_suggestions_open_it_again() -> None:
    answers, was_open, right, wrong = [], None, 0, 0
    for fault in (False, False, False, True, True):
        right, wrong = right + fault, wrong + (not fault)
        found = judge_gate(right=right, wrong=wrong, held_out=0.9, required=0.7, was_open=was_open)
        answers.append((found.auto_open, found.turned))
        was_open = found.auto_open
    assert answers == [(True, False), (True, False), (False, True), (False, False), (True, True)]


def test_the_reason_can_be_read() -> None:
    found = judge_gate(right=1, wrong=4, held_out=0.9, required=0.7, was_open=True)
    assert found.reason == (
        "precision 67% is below 70%: 1 of the latest 5 visits found what was predicted, 90% on held-out devices"
    )


@given(st.integers(0, 20), st.integers(0, 20), st.floats(0, 1) | st.none(), st.floats(0, 1), st.booleans())
def test_the_interval_holds_the_mean_and_a_further_hit_never_shuts(
    right: int, wrong: int, held_out: float | None, required: float, was_open: bool
) -> None:
    found = judge_gate(right=right, wrong=wrong, held_out=held_out, required=required, was_open=was_open)
    assert 0 <= found.low <= found.high <= 1
    more = judge_gate(right=right + 1, wrong=wrong, held_out=held_out, required=required, was_open=found.auto_open)
    assert more.auto_open or not found.auto_open
