"""Decides who pays a ticket's repair, stores it with the ticket, and says which contracts are in force for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.business_hours import BusinessHours, find_zone
from domain.device_model import DeviceModel
from domain.entitlement import Contract, Payer, Site, StartBasis, Warranty
from service_desk.entitlement.payers import PaidLine, bill, pay
from service_desk.entitlement.terms import Finding, RepairCase, judge_contract, judge_warranty
from store import entitlement
from store.database import Connection

ASSUMED_HOURS = "Mo-Fr 08:00-17:00"


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Who pays, and the contracts in force with the hours that their windows count."""

    document: dict[str, Any]
    contracts: Sequence[Contract]
    site_hours: BusinessHours


def assess(
    connection: Connection,
    device_model: DeviceModel,
    *,
    device_id: int,
    failure_mode: str,
    now: datetime,
    cause: str = "",
) -> Entitlement:
    """Who would pay the repair of this failure mode today; nothing is stored. Raises NotFoundError."""
    facts = entitlement.device_facts(connection, device_id=device_id)
    described = entitlement.list_sites(connection, customer=facts.customer, site=facts.site)
    site = described[0] if described else None
    site_hours = site.business_hours if site else BusinessHours(facts.centre_time_zone, ASSUMED_HOURS)
    zone = find_zone(site_hours.time_zone)
    warranties = entitlement.list_warranties(connection, device_id=device_id)
    contracts = sorted(entitlement.list_contracts(connection, device_id=device_id), key=_rank)
    mode = device_model.failure_mode(failure_mode)
    case = RepairCase(
        device=facts.device,
        device_model=facts.device_model,
        customer=facts.customer,
        site=facts.site,
        failure_mode=mode.name,
        component=mode.component,
        today=now.astimezone(zone).date(),
        starts={
            StartBasis.INSTALLATION: facts.installed_at and facts.installed_at.astimezone(zone).date(),
            StartBasis.MANUFACTURE: facts.manufactured_on,
            StartBasis.PURCHASE: facts.purchased_on,
        },
        sold_to=facts.sold_to,
        usage={
            channel: entitlement.latest_value(connection, device_model, device_id=device_id, channel=channel)
            for channel in sorted({one.usage_channel for one in warranties if one.usage_channel})
        },
        cause=cause,
    )
    by_warranty = [(one, judge_warranty(one, case)) for one in warranties]
    by_contract = [(one, judge_contract(one, case)) for one in contracts]
    in_force = [one for one, finding in by_contract if finding.applies]
    lines = pay(
        bill(mode, device_model.parts, site.travel_cost if site else 0),
        [one for one, finding in by_warranty if finding.applies],
        in_force,
    )
    document = _document(lines, by_warranty, by_contract, case, site, site_hours, now)
    return Entitlement(document, in_force, site_hours)


def _rank(contract: Contract) -> tuple[int, int, str]:
    """The most urgent first, then the one that is about the least."""
    scope = 0 if contract.device else 1 if contract.site else 2
    return contract.priority, scope, contract.contract_no


def _document(
    lines: Sequence[PaidLine],
    warranties: Sequence[tuple[Warranty, Finding]],
    contracts: Sequence[tuple[Contract, Finding]],
    case: RepairCase,
    site: Site | None,
    site_hours: BusinessHours,
    now: datetime,
) -> dict[str, Any]:
    """As it is stored with the ticket; amounts in minor units, a share's amounts add up to its line."""
    shares = [share for line in lines for share in line.shares]
    findings = [("warranty", finding) for _, finding in warranties]
    findings += [("contract", finding) for _, finding in contracts]
    unknown = [f"{kind} {finding.reference}: {finding.unknown}" for kind, finding in findings if finding.unknown]
    if site is None:
        assumed = f"{site_hours.hours} {site_hours.time_zone}"
        unknown.append(f"site {case.site or 'without a name'} is not described, so {assumed} counts")
    return {
        "decided_at": now.isoformat(),
        "cause": case.cause,
        "currency": lines[0].line.amount.currency,
        "total": sum(line.line.amount.minor for line in lines),
        "payers": {payer.value: sum(share.minor for share in shares if share.payer is payer) for payer in Payer},
        "lines": [
            {
                "kind": paid.line.kind.value,
                "label": paid.line.label,
                "minor": paid.line.amount.minor,
                "shares": [
                    {
                        "payer": share.payer.value,
                        "reference": share.reference,
                        "percent": share.percent,
                        "minor": share.minor,
                        "reason": share.reason,
                    }
                    for share in paid.shares
                ],
            }
            for paid in lines
        ],
        "considered": [
            {"kind": kind, "reference": finding.reference, "applies": finding.applies, "reason": finding.reason}
            for kind, finding in findings
        ],
        "unknown": unknown,
    }
