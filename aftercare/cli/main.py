"""Entry point: every command, and errors as one line with a non-zero exit."""

from __future__ import annotations

import sys

import click

from aftercare import __version__
from aftercare.cli.deliver import deliver
from aftercare.cli.doctor import doctor
from aftercare.cli.import_history import import_history
from aftercare.cli.ingest import ingest
from aftercare.cli.migrate import migrate
from aftercare.cli.replay_rejected import replay_rejected
from aftercare.cli.serve import serve
from aftercare.cli.stock import stock
from aftercare.cli.up import up
from domain.errors import AftercareError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aftercare")
def commands() -> None:
    """After-sales service for installed devices: telemetry in, failure predicted, part reserved before it happens."""


commands.add_command(import_history)
commands.add_command(ingest)
commands.add_command(deliver)
commands.add_command(doctor)
commands.add_command(migrate)
commands.add_command(replay_rejected)
commands.add_command(serve)
commands.add_command(stock)
commands.add_command(up)


def main() -> None:
    """Run the command line. An AftercareError ends it with its message on one line and exit code 1."""
    try:
        commands.main(standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except AftercareError as error:
        click.echo(f"aftercare: {error}", err=True)
        sys.exit(1)
