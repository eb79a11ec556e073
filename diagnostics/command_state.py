"""What follows what in the life of a command. Pure.

    queued -> sending -> sent -> acknowledged -> running -> succeeded | failed
Each but the last may end as timed_out, and queued as cancelled. A device may leave steps out. `sending` goes back to
queued only when it is known that the broker has not got it.
"""

from __future__ import annotations

from domain.command import CommandState
from domain.errors import ConflictError

GONE_OUT = (CommandState.SENDING, CommandState.SENT)
ANSWERS = (CommandState.ACKNOWLEDGED, CommandState.RUNNING, CommandState.SUCCEEDED, CommandState.FAILED)
"""The states that a device may tell of, in the order in which it tells them."""


def refusal(state: CommandState, told: CommandState) -> str | None:
    """Why a command in this state cannot take this answer of its device; None: it can. A device that runs may say so
    again with new progress, and one that has restarted on the way may say again that it begins: no."""
    if state.is_final:
        return f"the command has ended already: {state.replace('_', ' ')}"
    if state is CommandState.QUEUED:
        return "the command has not been sent"
    if state in GONE_OUT or told is CommandState.RUNNING is state:
        return None
    if told in (CommandState.SUCCEEDED, CommandState.FAILED) or ANSWERS.index(told) > ANSWERS.index(state):
        return None
    return f"the command is {state} already, and does not go back to {told}"


def require_cancellable(command_id: int, state: CommandState) -> None:
    """Raises ConflictError when it can no longer be called back."""
    if state is CommandState.QUEUED:
        return
    if state.is_final:
        raise ConflictError(f"command {command_id} has ended already: {state.replace('_', ' ')}")
    raise ConflictError(
        f"command {command_id} is {state}: it has gone out and cannot be called back; it ends by itself, or times out"
    )
