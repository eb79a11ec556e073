"""Who pays which line of a repair: pure.

The manufacturer pays the greatest share that a warranty in force gives, a contract the greatest share of what is left
that one in force gives, and the customer the rest. Warranties do not add up, and contracts neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from domain.device_model import FailureMode, Part
from domain.entitlement import Contract, Coverage, LineKind, Payer, Warranty
from domain.money import Money

C = TypeVar("C", bound=Coverage)


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of what a repair costs."""

    kind: LineKind
    label: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Share:
    """What one pays of a line; `reference` names the warranty or contract that says so."""

    payer: Payer
    reference: str
    percent: int
    minor: int
    reason: str


@dataclass(frozen=True, slots=True)
class PaidLine:
    """A line and its shares, which add up to it exactly."""

    line: BillLine
    shares: Sequence[Share]


def bill(mode: FailureMode, parts: Sequence[Part], travel_cost: int) -> list[BillLine]:
    """What a planned repair of this mode costs: its kit, and the visit parted into labour and the journey."""
    known = {part.part_no: part for part in parts}
    lines = [
        BillLine(
            LineKind.PARTS,
            f"{line.quantity} × {line.part_no}",
            known[line.part_no].unit_cost.times(line.quantity),
        )
        for line in mode.kit
    ]
    visit = mode.costs.planned_visit
    journey = Money(min(travel_cost, visit.minor), visit.currency)
    lines.append(BillLine(LineKind.LABOUR, "Labour of a planned visit", visit - journey))
    if journey.minor:
        lines.append(BillLine(LineKind.TRAVEL, "Journey to the site", journey))
    return lines


def pay(lines: Sequence[BillLine], warranties: Sequence[Warranty], contracts: Sequence[Contract]) -> list[PaidLine]:
    """Share each line among manufacturer, contract and customer. The warranties and contracts are those that apply;
    of equal shares the first counts."""
    return [_pay_line(line, warranties, contracts) for line in lines]


def _pay_line(line: BillLine, warranties: Sequence[Warranty], contracts: Sequence[Contract]) -> PaidLine:
    warranty = _greatest(warranties, line.kind)
    contract = _greatest(contracts, line.kind)
    by_warranty = warranty.percent(line.kind) if warranty else 0
    promised = contract.percent(line.kind) if contract else 0
    by_contract = min(promised, 100 - by_warranty)
    rest = 100 - by_warranty - by_contract
    percents = (by_warranty, by_contract, rest)
    amounts = apportion(line.amount.minor, percents)
    warranty_no = warranty.warranty_no if warranty else ""
    contract_no = contract.contract_no if contract else ""
    said = (
        f"warranty {warranty_no} pays {by_warranty} % of {line.kind}",
        f"contract {contract_no} pays {promised} % of {line.kind}"
        + (f", of which {by_contract} % are left" if by_contract < promised else ""),
        "neither a warranty nor a contract pays it" if rest == 100 else "what is left",
    )
    return PaidLine(
        line,
        [
            Share(payer, reference, percent, minor, reason)
            for payer, reference, percent, minor, reason in zip(
                Payer, (warranty_no, contract_no, ""), percents, amounts, said, strict=True
            )
            if percent
        ],
    )


def apportion(minor: int, percents: Sequence[int]) -> list[int]:
    """Part an amount by percentages that add up to 100; the cents that rounding leaves go to the largest remainders."""
    amounts = [minor * percent // 100 for percent in percents]
    by_remainder = sorted(range(len(percents)), key=lambda place: -(minor * percents[place] % 100))
    for place in by_remainder[: minor - sum(amounts)]:
        amounts[place] += 1
    return amounts


def _greatest(coverages: Sequence[C], kind: LineKind) -> C | None:
    paying = [coverage for coverage in coverages if coverage.percent(kind)]
    return max(paying, key=lambda coverage: coverage.percent(kind), default=None)
