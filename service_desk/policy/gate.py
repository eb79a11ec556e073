"""Whether tickets of a failure mode open by themselves: what technicians found, after what held-out devices said."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import betaincinv  # type: ignore[import-untyped]

PRIOR_CLOSURES = 10
"""How many closures the precision on held-out devices is worth."""
LATEST = 20
"""Closures that count: a failure mode that was right years ago may be wrong by now."""
MARGIN = 0.1
"""Share of the way from the gate to certainty that a shut gate must be exceeded by, so that it does not flap."""
LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class GateFinding:
    """Whether tickets open by themselves, and why. precision: mean of the Beta distribution that the closures and the
    prior make, `low` and `high` its 90 % interval. turned: it is another answer than the one before."""

    auto_open: bool
    turned: bool
    precision: float
    low: float
    high: float
    right: int
    wrong: int
    held_out: float | None
    required: float
    reason: str


def judge_gate(
    *, right: int, wrong: int, held_out: float | None, required: float, was_open: bool | None
) -> GateFinding:
    """right: latest closures as confirmed or worn; wrong: as no fault found. held_out: precision on devices that the
    model had not seen; None when it could not be measured, which counts as 0 until technicians have found better.

    A run of no fault found shuts the gate without anybody's doing, and confirmed suggestions open it again.
    """
    prior = held_out or 0.0
    alpha, beta = prior * PRIOR_CLOSURES + right, (1 - prior) * PRIOR_CLOSURES + wrong
    precision = alpha / (alpha + beta)
    shut = was_open is False and right + wrong > 0
    needed = required + (1 - required) * MARGIN if shut else required
    auto_open = precision >= needed
    tail = (1 - LEVEL) / 2
    low, high = (float(betaincinv(alpha, beta, share)) if alpha and beta else precision for share in (tail, 1 - tail))
    told = "not measured" if held_out is None else f"{held_out:.0%}"
    reason = (
        f"precision {precision:.0%} is {'at least' if auto_open else 'below'} {needed:.0%}: {right} of the latest "
        f"{right + wrong} visits found what was predicted, {told} on held-out devices"
    )
    turned = was_open is not None and was_open != auto_open
    return GateFinding(auto_open, turned, precision, low, high, right, wrong, held_out, required, reason)
