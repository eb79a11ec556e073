"""The demo's closing table, in a service manager's words."""

from __future__ import annotations

from rich.table import Table

from aftercare.cli.demo.figures import Counts, Figures
from domain.money import Money


def closing_table(title: str, devices: int, counts: Counts, figures: Figures) -> Table:
    """Readings on both ends, failures and what was ready for them, and the money."""
    table = Table(title=title, show_header=False, title_justify="left", min_width=64)
    table.add_column(justify="left")
    table.add_column(justify="right")
    lead = figures.median_lead_time_hours
    for label, value in (
        ("Devices", f"{devices:,}"),
        ("Readings sent", f"{counts.sent:,}"),
        ("Readings stored", f"{counts.stored:,}"),
        ("Readings lost", f"{counts.lost:,}"),
        ("Readings doubled", f"{counts.doubled:,}"),
        ("Failures that happened", f"{figures.failures:,}"),
        ("  with an open ticket before", f"{figures.tickets_before_failure:,}"),
        ("  with every part reserved before", f"{figures.parts_reserved_before_failure:,}"),
        ("Median notice before the failure", "none" if lead is None else f"{lead:,.0f} h"),
        ("Settled remotely, without a visit", f"{figures.settled_remotely:,}"),
        ("  that would have failed by now", f"{figures.averted_failures:,}"),
        ("Tickets opened", f"{figures.tickets_opened:,}"),
        ("  false alarms", f"{figures.false_tickets:,}"),
        ("  not decided yet", f"{figures.undecided_tickets:,}"),
        ("Cost, run to failure", _money(figures.cost_run_to_failure, figures.currency)),
        ("Cost with these tickets", _money(figures.cost, figures.currency)),
        ("Saved", _money(figures.cost_run_to_failure - figures.cost, figures.currency)),
        ("  by remote fixes alone", _money(figures.saved_remotely, figures.currency)),
    ):
        table.add_row(label, value)
    return table


def _money(minor: int, currency: str) -> str:
    return str(Money(minor, currency))
