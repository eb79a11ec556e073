"""`aftercare backtest`."""

from __future__ import annotations

import click

from aftercare.cli.backtest_alarms import alarms
from aftercare.cli.backtest_policy import policy


@click.group(epilog="Example: aftercare backtest alarms --device-model compressor --rules new_rules.toml")
def backtest() -> None:
    """Replay history: what other rules would have raised, and what other policies would have cost."""


backtest.add_command(alarms)
backtest.add_command(policy)
