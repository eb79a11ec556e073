"""What a service manager is told of a period: what predictions were worth, and how the service kept its word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.device_model import DeviceModel
from domain.errors import InvalidInputError
from domain.money import Money
from service_desk.follow_up import PROOF
from store import figures
from store.database import Connection
from store.figures import Closures, Scope

LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts; shares are for whoever shows them, since a share of nothing is none.

    saved: what running to failure would have cost more, one amount for each currency. failures: since the first model
    of their mode. failures_unforeseen: of these, those that no ticket was open for. promises_kept, parts_missing: of
    `promises` and `parts_asked`.
    """

    all: Closures
    by_mode: Sequence[Closures]
    saved: Sequence[Money]
    failures: int
    failures_unforeseen: int
    promises: int
    promises_kept: int
    parts_asked: int
    parts_missing: int


def scope_of(
    catalog: Mapping[str, DeviceModel],
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    customer: str | None = None,
    service_centre: str | None = None,
) -> Scope:
    """What is to be counted. Raises InvalidInputError when it is no period."""
    if not timedelta(0) < until - since <= LONGEST:
        raise InvalidInputError(
            f"{since:%Y-%m-%d} to {until:%Y-%m-%d} is no period: give up to ten years, in that order"
        )
    codes = [
        (model.name, code, mode.name)
        for model in catalog.values()
        for mode in model.failure_modes
        for code in mode.event_codes
    ]
    return Scope(since, until, now, PROOF, codes, customer, service_centre)


def figures_of(connection: Connection, catalog: Mapping[str, DeviceModel], scope: Scope) -> Figures:
    """Every figure of a period."""
    whole, *by_mode = figures.closures(connection, scope)
    failed, unforeseen = figures.failures(connection, scope)
    promises, kept = figures.sla(connection, scope)
    asked, missing = figures.stock_outs(connection, scope)
    saved = saved_against_run_to_failure(by_mode, catalog)
    return Figures(whole, by_mode, saved, failed, unforeseen, promises, kept, asked, missing)


def saved_against_run_to_failure(closures: Sequence[Closures], catalog: Mapping[str, DeviceModel]) -> Sequence[Money]:
    """One amount for each currency.

    Each failure avoided saves an emergency visit less the planned one, each visit that found nothing costs a needless
    one, by the catalog's costs. Parts cost the same either way. Failure modes that have left the catalog count nothing.
    """
    saved: dict[str, Money] = {}
    for one in closures:
        model = catalog.get(one.device_model or "")
        mode = next((mode for mode in model.failure_modes if mode.name == one.failure_mode), None) if model else None
        if model is None or mode is None:
            continue
        costs = mode.costs
        gained = (costs.emergency_visit - costs.planned_visit).times(one.avoided)
        lost = costs.needless_visit.times(one.no_fault_found)
        saved[model.currency] = saved.get(model.currency, Money(0, model.currency)) + gained - lost
    return sorted(saved.values(), key=lambda amount: amount.currency)
