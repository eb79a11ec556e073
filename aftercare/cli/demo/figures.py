"""The demo's figures, counted from what was sent, what is stored and what happened; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from domain.device_model import DeviceModel, FailureMode
from domain.money import Money
from store.outcomes import FailureOutcome, TicketOutcome
from store.troubleshooting import RemoteFix

HOUR = timedelta(hours=1)
ReadingKey = tuple[str, datetime]


@dataclass(frozen=True, slots=True)
class Counts:
    """Readings on both ends. lost: confirmed by the broker, not stored. doubled: stored more often than sent."""

    sent: int
    stored: int
    lost: int
    doubled: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a service manager is told. Amounts in minor units of `currency`.

    An undecided ticket is neither right nor false: its failure may still come. settled_remotely: faults mended by a
    command, without a visit; averted_failures: of these, the ones that would have failed by the end of the stretch;
    saved_remotely: what their emergency visits would have cost, which is part of `cost_run_to_failure`.
    """

    failures: int
    tickets_before_failure: int
    parts_reserved_before_failure: int
    median_lead_time_hours: float | None
    tickets_opened: int
    false_tickets: int
    undecided_tickets: int
    settled_remotely: int
    averted_failures: int
    saved_remotely: int
    cost: int
    cost_run_to_failure: int
    currency: str


def count_readings(sent: Collection[ReadingKey], stored: Sequence[ReadingKey]) -> Counts:
    """Compare the distinct readings that were sent with the rows that are stored."""
    unique = set(sent)
    return Counts(
        sent=len(unique),
        stored=len(stored),
        lost=len(unique - set(stored)),
        doubled=len(stored) - len(set(stored)),
    )


def summarise(
    failures: Sequence[FailureOutcome],
    tickets: Sequence[TicketOutcome],
    catalog: Mapping[str, DeviceModel],
    *,
    until: datetime,
    fixes: Sequence[RemoteFix] = (),
    averted: Sequence[RemoteFix] = (),
) -> Figures:
    """Figures over one stretch of device time that ended at `until`.

    A failure whose ticket was open with its kit reserved at least the mode's lead time before costs a planned visit,
    every other failure an emergency visit, each with its parts; a false ticket costs a needless visit. A ticket is
    false when no failure of its mode followed within twice the horizon, and undecided when that time is not over yet.
    fixes: what was mended from afar, which costs no visit; averted: those that would have failed otherwise. The device
    models share one currency.
    """
    lead_times = [(row.failed_at - row.opened_at) / HOUR for row in failures if row.opened_at is not None]
    judged = [_judge(ticket, catalog, until) for ticket in tickets]
    (currency,) = {model.currency for model in catalog.values()}
    false_cost = sum(
        _mode(catalog, ticket).costs.needless_visit.minor
        for ticket, verdict in zip(tickets, judged, strict=True)
        if verdict == "false"
    )
    saved_remotely = sum(_emergency(fix, catalog).minor for fix in averted)
    return Figures(
        failures=len(failures),
        tickets_before_failure=len(lead_times),
        parts_reserved_before_failure=sum(row.reserved_at is not None for row in failures),
        median_lead_time_hours=round(median(lead_times), 1) if lead_times else None,
        tickets_opened=len(tickets),
        false_tickets=judged.count("false"),
        undecided_tickets=judged.count("undecided"),
        settled_remotely=len(fixes),
        averted_failures=len(averted),
        saved_remotely=saved_remotely,
        cost=sum(_cost(row, catalog).minor for row in failures) + false_cost,
        cost_run_to_failure=sum(_emergency(row, catalog).minor for row in failures) + saved_remotely,
        currency=currency,
    )


def _judge(ticket: TicketOutcome, catalog: Mapping[str, DeviceModel], until: datetime) -> str:
    limit = ticket.opened_at + 2 * _mode(catalog, ticket).horizon
    if ticket.failed_at is not None:
        return "right" if ticket.failed_at <= limit else "false"
    return "false" if until >= limit else "undecided"


def _cost(row: FailureOutcome, catalog: Mapping[str, DeviceModel]) -> Money:
    mode = _mode(catalog, row)
    ready = [row.opened_at, row.reserved_at]
    in_time = all(at is not None and row.failed_at - at >= mode.lead_time for at in ready)
    if in_time:
        return mode.costs.planned_visit + _kit_cost(catalog[row.device_model], mode)
    return _emergency(row, catalog)


def _emergency(row: FailureOutcome | RemoteFix, catalog: Mapping[str, DeviceModel]) -> Money:
    mode = _mode(catalog, row)
    return mode.costs.emergency_visit + _kit_cost(catalog[row.device_model], mode)


def _kit_cost(model: DeviceModel, mode: FailureMode) -> Money:
    prices = {part.part_no: part.unit_cost for part in model.parts}
    return Money(sum(prices[line.part_no].minor * line.quantity for line in mode.kit), model.currency)


def _mode(catalog: Mapping[str, DeviceModel], row: FailureOutcome | TicketOutcome | RemoteFix) -> FailureMode:
    return catalog[row.device_model].failure_mode(row.failure_mode)
