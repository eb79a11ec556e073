"""How commands print tables: nothing of them is cut."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

ENDLESS = 100_000
"""Characters a line of what goes into a file or to another program."""


def print_table(table: Table) -> None:
    """On a terminal what does not fit is folded, columns that are `no_wrap` last; in a file or pipe nothing is."""
    for column in table.columns:
        column.overflow = "fold"
    display = Console(markup=False, highlight=False)
    if not display.is_terminal:
        display = Console(markup=False, highlight=False, width=ENDLESS)
    display.print(table)
