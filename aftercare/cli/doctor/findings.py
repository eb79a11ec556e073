"""Checks that build on each other, so that one cause is told once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from aftercare.settings import Settings
from domain.errors import AftercareError


class Status(StrEnum):
    """NOTE: nothing is broken, and somebody should know. SKIPPED: there was nothing to look at."""

    OK = "ok"
    NOTE = "note"
    SKIPPED = "skipped"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `text` says what to do when it is wrong."""

    check: str
    status: Status
    text: str


@dataclass(frozen=True, slots=True)
class Check:
    """`look` tells what it found; an AftercareError is what is wrong. needs: checks without which it has nothing to
    look at."""

    name: str
    look: Callable[[Settings], tuple[Status, str]]
    needs: Sequence[str] = ()


def examine(checks: Sequence[Check], settings: Settings) -> Iterator[Finding]:
    """Every check in order. One whose needs were not found is skipped, and tells which."""
    absent: set[str] = set()
    for check in checks:
        finding = _look(check, settings, absent)
        if finding.status in (Status.WRONG, Status.SKIPPED):
            absent.add(check.name)
        yield finding


def _look(check: Check, settings: Settings, absent: set[str]) -> Finding:
    lacking = [need for need in check.needs if need in absent]
    if lacking:
        return Finding(check.name, Status.SKIPPED, f"cannot be looked at without {lacking[0]}")
    try:
        return Finding(check.name, *check.look(settings))
    except AftercareError as error:
        return Finding(check.name, Status.WRONG, str(error))
