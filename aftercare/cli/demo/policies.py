"""What the demo's history would have cost under other policies than the decision in money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from aftercare.cli.backtest_policy import HOURS_A_YEAR, recall_fleet, replay_fleet
from domain.device_model import DeviceModel
from domain.money import Money
from store.database import Database


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One policy on the history of one device model, summed over the failure modes that have a model.

    minor_per_device_year: minor units. failures, planned_visits: of the whole history.
    """

    device_model: str
    policy: str
    currency: str
    minor_per_device_year: int
    failures: int
    planned_visits: int


def replay_history(database: Database, device_models: Sequence[DeviceModel]) -> list[PolicyRow]:
    """Rows in the order of `service_desk.policy.replay.POLICIES` for each device model that has models."""
    from service_desk.policy.replay import POLICIES  # models take a while to load

    rows = []
    for device_model in device_models:
        fleets = [recall_fleet(database, device_model, mode) for mode in device_model.failure_modes]
        replayed = [replay_fleet(fleet)[1] for fleet in fleets if fleet is not None]
        for policy in POLICIES if replayed else ():
            tolls = [outcome.tolls[policy] for outcome in replayed]
            rows.append(
                PolicyRow(
                    device_model.name,
                    policy,
                    device_model.currency,
                    round(sum(toll.rate for toll in tolls) * HOURS_A_YEAR),
                    sum(toll.failures for toll in tolls),
                    sum(toll.visits for toll in tolls),
                )
            )
    return rows


def policy_table(rows: Sequence[PolicyRow]) -> Table:
    """One line for each policy and device model."""
    table = Table("device model", "policy", title="Policies replayed on the history", title_justify="left")
    for heading in ("per device-year", "failures", "planned visits"):
        table.add_column(heading, justify="right")
    for row in rows:
        cost = str(Money(row.minor_per_device_year, row.currency))
        table.add_row(row.device_model, row.policy, cost, f"{row.failures:,}", f"{row.planned_visits:,}")
    return table
