"""What a command takes, in which state."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.command_state import ANSWERS, refusal, require_cancellable
from domain.command import CommandState
from domain.errors import ConflictError

ENDED = [state for state in CommandState if state.is_final]
OPEN = [state for state in CommandState if not state.is_final]


@pytest.mark.parametrize("told", ANSWERS)
def test_what_has_gone_out_takes_any_answer(told):
    assert refusal(CommandState.SENDING, told) is None, "the answer may be quicker than the broker's echo"
    assert refusal(CommandState.SENT, told) is None


@pytest.mark.parametrize("told", ANSWERS)
@pytest.mark.parametrize("state", [*ENDED, CommandState.QUEUED])
def test_what_has_ended_or_not_begun_takes_none(state, told):
    assert refusal(state, told)


def test_a_device_may_tell_its_progress_again_and_does_not_go_back():
    assert refusal(CommandState.RUNNING, CommandState.RUNNING) is None
    assert "does not go back" in (refusal(CommandState.RUNNING, CommandState.ACKNOWLEDGED) or "")
    assert refusal(CommandState.ACKNOWLEDGED, CommandState.ACKNOWLEDGED)


@given(st.lists(st.sampled_from(ANSWERS)))
def test_whatever_a_device_tells_a_command_ends_at_most_once_and_never_goes_back(told):
    state, path = CommandState.SENT, []
    for answer in told:
        if refusal(state, answer) is None:
            state = answer
            path.append(answer)

    assert sum(one.is_final for one in path) <= 1
    ranks = [min(ANSWERS.index(one), 2) for one in path]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("state", list(CommandState))
def test_only_what_is_queued_can_be_called_back(state):
    if state is CommandState.QUEUED:
        require_cancellable(7, state)
        return
    with pytest.raises(ConflictError, match="command 7"):
        require_cancellable(7, state)


def test_each_state_is_open_or_ended():
    assert set(OPEN) | set(ENDED) == set(CommandState)
    assert {"succeeded", "failed", "timed_out", "cancelled"} == set(ENDED)
