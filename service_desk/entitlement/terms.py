"""Whether a warranty or a contract applies to a repair, and why: pure."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from domain.entitlement import Contract, Coverage, StartBasis, Warranty

BASIS_WORDS: Mapping[StartBasis, str] = {
    StartBasis.INSTALLATION: "installed",
    StartBasis.MANUFACTURE: "manufactured",
    StartBasis.PURCHASE: "purchased",
}


@dataclass(frozen=True, slots=True)
class RepairCase:
    """What is to be repaired, and what is known of the device. `today` and the dates are by the site's calendar.

    `usage` holds the counters that warranties name, None for one that the device never sent; `cause` is empty as long
    as nobody knows it.
    """

    device: str
    device_model: str
    customer: str
    site: str
    failure_mode: str
    component: str
    today: date
    starts: Mapping[StartBasis, date | None]
    sold_to: str | None
    usage: Mapping[str, float | None]
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether it applies, why, and what had to be assumed because nobody knows it."""

    reference: str
    applies: bool
    reason: str
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class _Check:
    """One condition: why it refuses (empty: it does not), the term that it sets, and what had to be assumed."""

    refusal: str = ""
    term: str = ""
    unknown: str = ""


def judge_warranty(warranty: Warranty, case: RepairCase) -> Finding:
    """Without a known start a term of time cannot apply; a counter or an owner that is unknown counts as in order."""
    checks = [_Check(exclusion(warranty, case)), _owner(warranty, case), _time(warranty, case), _usage(warranty, case)]
    refusals = [check.refusal for check in checks if check.refusal]
    unknown = "; ".join(check.unknown for check in checks if check.unknown)
    if refusals:
        return Finding(warranty.warranty_no, applies=False, reason=refusals[0], unknown=unknown)
    terms = " and ".join(check.term for check in checks if check.term)
    return Finding(warranty.warranty_no, applies=True, reason=f"in force {terms}", unknown=unknown)


def _owner(warranty: Warranty, case: RepairCase) -> _Check:
    if warranty.transferable or case.sold_to == case.customer:
        return _Check()
    if case.sold_to is None:
        return _Check(unknown="to whom the device was sold is not known, so this owner counts as the first")
    return _Check(f"not transferable: it was {case.sold_to}'s, and the device is {case.customer or 'another'}'s now")


def _time(warranty: Warranty, case: RepairCase) -> _Check:
    starts = case.starts[warranty.starts_from]
    if starts is not None and case.today < starts:
        return _Check(f"begins on {starts}")
    if warranty.term_months is None:
        return _Check()
    if starts is None:
        basis = BASIS_WORDS[warranty.starts_from]
        return _Check(f"its start is not known: note when the device was {basis}", unknown=f"when it was {basis}")
    ends = add_months(starts, warranty.term_months)
    if case.today >= ends:
        return _Check(f"ended on {ends}, {warranty.term_months} months after {starts}")
    return _Check(term=f"until {ends}")


def _usage(warranty: Warranty, case: RepairCase) -> _Check:
    limit = warranty.usage_limit
    if limit is None:
        return _Check()
    usage = case.usage.get(warranty.usage_channel)
    if usage is not None and usage >= limit:
        return _Check(f"ended at {warranty.usage_channel} {limit:g}: it is {usage:g}")
    unknown = "" if usage is not None else f"{warranty.usage_channel} was never sent, so it counts as below {limit:g}"
    return _Check(term=f"while {warranty.usage_channel} is below {limit:g}", unknown=unknown)


def judge_contract(contract: Contract, case: RepairCase) -> Finding:
    """Whether it is in force on that day for this device and repair."""

    def found(applies: bool, reason: str) -> Finding:
        return Finding(contract.contract_no, applies, reason)

    if contract.customer != case.customer:
        return found(False, f"is {contract.customer}'s, and the device is {case.customer or 'nobody'}'s")
    if (contract.site and contract.site != case.site) or (contract.device and contract.device != case.device):
        return found(False, f"covers {contract.scope} only")
    if case.today < contract.valid_from:
        return found(False, f"begins on {contract.valid_from}")
    if contract.valid_to is not None and case.today > contract.valid_to:
        return found(False, f"ended on {contract.valid_to}")
    if reason := exclusion(contract, case):
        return found(False, reason)
    until = f" until {contract.valid_to}" if contract.valid_to else ""
    return found(True, f"in force{until}, covers {contract.scope}")


def exclusion(coverage: Coverage, case: RepairCase) -> str:
    """Which of its exclusions the repair meets, in words; empty when none."""
    for what, name, excluded in (
        ("failure mode", case.failure_mode, coverage.excluded_failure_modes),
        ("component", case.component, coverage.excluded_components),
        ("cause", case.cause, coverage.excluded_causes),
    ):
        if name in excluded:
            return f"excludes the {what} {name}"
    return ""


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
