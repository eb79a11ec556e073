"""Takes in what devices answer: believed only from the device that was asked, with the secret of the request."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from diagnostics import uploads
from diagnostics.command_state import refusal
from diagnostics.messages import MessageError, Response, UploadPart
from domain.command import CommandState
from store import command_files, commands
from store.commands import Advance, LockedCommand, NewStep
from store.database import Connection

log = structlog.get_logger()


@dataclass
class Answers:
    """The answers of one batch: judged one by one, written together by `write`. at: by the platform's clock, now: by
    the machine's."""

    connection: Connection
    locked: dict[int, LockedCommand]
    at: datetime
    now: datetime
    _steps: dict[tuple[int, bytes], NewStep] = field(default_factory=dict)
    _changes: dict[int, Advance] = field(default_factory=dict)

    def take(self, response: Response) -> bool:
        """Move the command on; False for a response that came before. Raises MessageError for what cannot be believed
        or does not fit."""
        command = self._believed(response)
        step = (command.command_id, response.digest)
        problem = refusal(command.state, response.state)
        if problem:
            if step in self._steps or commands.knows_step(
                self.connection, command_id=command.command_id, digest=response.digest
            ):
                return False
            raise MessageError("late" if command.state.is_final else "order", problem)
        self._steps[step] = NewStep(*step, response.ts, response.state, response.progress)
        change = Advance(
            command.command_id,
            response.state,
            progress=1.0 if response.state is CommandState.SUCCEEDED else response.progress,
            result=response.result,
            error_code=response.error_code,
            error_message=response.error_message,
        )
        try:
            uploads.assemble(self.connection, command.command_id, response.files, self.at)
        except MessageError as error:
            self._note(_broken(change, str(error)))
            raise
        self._note(change)
        return True

    def take_part(self, part: UploadPart) -> None:
        """Keep a part of a large result. Raises MessageError."""
        command = self._believed(part)
        if command.state.is_final or command.state is CommandState.QUEUED:
            raise MessageError(
                "late", f"part {part.part} of {part.name}: the command is {command.state}, it takes none"
            )
        uploads.keep_part(self.connection, part)

    def write(self) -> None:
        """Write what was taken."""
        if not self._steps:
            return
        changes = list(self._changes.values())
        ended = [change for change in changes if change.state.is_final]
        with self.connection.pipeline():  # none waits for the one before: people wait for this
            commands.add_steps(self.connection, list(self._steps.values()), at=self.at)
            commands.advance(self.connection, changes, at=self.at, now=self.now)
            command_files.drop_parts(self.connection, [change.command_id for change in ended])
        for change in ended:
            log.info("command ended", command_id=change.command_id, state=change.state, error=change.error_code or None)

    def _believed(self, told: Response | UploadPart) -> LockedCommand:
        """The command that is told of. Raises MessageError."""
        command = self.locked.get(told.command_id)
        if command is None:
            raise MessageError("unknown_command", f"there is no command {told.command_id}")
        if command.device != told.device:
            raise MessageError("wrong_device", f"command {told.command_id} is not one of {told.device}")
        if not hmac.compare_digest(command.correlation, told.correlation):
            raise MessageError("correlation", f"the correlation data are not those of command {told.command_id}")
        return command

    def _note(self, change: Advance) -> None:
        before = self._changes.get(change.command_id)
        if change.progress is None and before is not None:
            change = replace(change, progress=before.progress)
        self._changes[change.command_id] = change
        self.locked[change.command_id] = replace(self.locked[change.command_id], state=change.state)


def _broken(change: Advance, reason: str) -> Advance:
    """The device did its work, and its result is lost: nobody waits for it any longer."""
    return replace(
        change, state=CommandState.FAILED, progress=None, result=None, error_code="upload", error_message=reason
    )
