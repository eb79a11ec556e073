"""What a receiver's answer to a delivery means, and how long to wait before the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=1)
REFUSALS = 5
"""How often a receiver may refuse one change before it is given up."""
FIRST_REFUSAL_WAIT = timedelta(seconds=5)
ABOUT_THE_MESSAGE = frozenset({400, 406, 409, 411, 412, 413, 415, 417, 422, 431})
"""What a receiver says of one message. Other failures, also 401 and 404, are about the receiver: it is set up wrongly
or away, every message would fare alike, and nothing is lost when it is mended."""
GONE = 410


class Verdict(StrEnum):
    """Refused: this message. Away: the receiver as such, now. Gone: the receiver, for good."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    AWAY = "away"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt; `retry_after` is what the receiver asked for."""

    verdict: Verdict
    reason: str = ""
    retry_after: timedelta = timedelta(0)


def judge(status: int, retry_after: str = "") -> Answer:
    """What an HTTP status means. Redirections are not followed: where a webhook goes is for its owner to say."""
    if 200 <= status < 300:
        return Answer(Verdict.DELIVERED)
    reason = f"it answered {status}"
    if status == GONE:
        return Answer(Verdict.GONE, f"{reason} Gone")
    if status in ABOUT_THE_MESSAGE:
        return Answer(Verdict.REFUSED, reason)
    if 300 <= status < 400:
        reason += ": redirections are not followed, give the address that it leads to"
    seconds = min(int(retry_after), 3600) if retry_after.isascii() and retry_after.isdigit() else 0
    return Answer(Verdict.AWAY, reason, timedelta(seconds=seconds))


def wait_after_failures(failures: int, chance: float) -> timedelta:
    """Before a receiver is tried again that failed so often in a row; `chance` in [0, 1) takes away up to half."""
    return _doubled(FIRST_WAIT, failures, LONGEST_WAIT) * (1 - chance / 2)


def wait_after_refusals(refusals: int) -> timedelta:
    """Before a change is sent again that was refused so often: 5 s, 30 s, 3 min, 18 min."""
    wait: timedelta = FIRST_REFUSAL_WAIT * 6 ** (refusals - 1)
    return wait


def _doubled(first: timedelta, times: int, longest: timedelta) -> timedelta:
    doubled: timedelta = first * 2 ** min(max(times - 1, 0), 20)
    return min(doubled, longest)
