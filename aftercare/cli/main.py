"""Entry point: every command, and errors as one line with a non-zero exit."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module

import click

from aftercare import __version__
from aftercare.logs import configure_logging
from domain.errors import AftercareError
from store.failures import is_of_the_data, is_of_the_database, is_of_the_schema

COMMANDS: Mapping[str, tuple[str, str]] = {
    "alarms": ("aftercare.cli.alarms:alarms", "Raise the alarms of rules and silence, wake and remind of them."),
    "backtest": ("aftercare.cli.backtest:backtest", "Replay history against other alarm rules and policies."),
    "commands": ("aftercare.cli.commands:commands", "Send remote commands to devices, and see what became of them."),
    "contracts": ("aftercare.cli.contracts:contracts", "Take in sites, warranties and service contracts."),
    "deliver": ("aftercare.cli.deliver:deliver", "Tell of every change: over MQTT, to webhooks and to people."),
    "demo": ("aftercare.cli.demo:demo", "Run the whole loop on a fleet and count what came of it."),
    "devices": ("aftercare.cli.devices:devices", "Register devices, give them credentials, take in strangers."),
    "diagnostics": (
        "aftercare.cli.diagnostics:diagnostics",
        "Send commands and settings to devices, and take answers in.",
    ),
    "doctor": ("aftercare.cli.doctor:doctor", "Check settings, services and catalog, with a mend for each fault."),
    "drift": ("aftercare.cli.drift:drift", "Show whether the models still fit what they see, and are right."),
    "evaluate": ("aftercare.cli.evaluate:evaluate", "Show how well the models do on devices they had not seen."),
    "export": ("aftercare.cli.export:export", "Take predictions out as CSV, Parquet or JSON lines."),
    "flows": ("aftercare.cli.flows:flows", "Train, score and measure drift on schedule."),
    "import": ("aftercare.cli.import_history:import_history", "Import the history of a device model."),
    "ingest": ("aftercare.cli.ingest:ingest", "Write what devices publish into the database."),
    "lineage": ("aftercare.cli.lineage:lineage", "Trace a ticket back to the readings that its model saw."),
    "migrate": ("aftercare.cli.migrate:migrate", "Bring the database to the current schema."),
    "models": ("aftercare.cli.models:models", "List, show, promote and roll back model versions."),
    "rejected": ("aftercare.cli.rejected:rejected", "List messages that could not be stored, and why."),
    "people": ("aftercare.cli.people:people", "Who is told of alarms, when, by what, and whom to call next."),
    "replay-rejected": ("aftercare.cli.replay_rejected:replay_rejected", "Store rejected messages after a mend."),
    "score": ("aftercare.cli.modelling:score", "Score every device once and act on the predictions."),
    "serve": ("aftercare.cli.serve:serve", "Serve the HTTP API and the web console."),
    "simulate": ("aftercare.cli.simulate:simulate", "Publish a simulated or recorded fleet over MQTT."),
    "stock": ("aftercare.cli.stock:stock", "Parts on the shelves of the service centres."),
    "tokens": ("aftercare.cli.users:tokens", "Tokens by which programs are known to the API."),
    "technicians": ("aftercare.cli.technicians:technicians", "Who visits devices, and planned maintenance."),
    "train": ("aftercare.cli.modelling:train", "Train the failure models."),
    "troubleshoot": ("aftercare.cli.troubleshoot:troubleshoot", "Find out step by step what is wrong with a device."),
    "upkeep": ("aftercare.cli.upkeep:upkeep", "Keep roll-ups and latest values up to date, and drop what expired."),
    "twin": ("aftercare.cli.twin:twin", "What a device reports of itself, and what is desired of it."),
    "up": ("aftercare.cli.up:up", "Run everything on this machine until Ctrl-C."),
    "users": ("aftercare.cli.users:users", "Who may sign in, with which role, and whose devices they see."),
    "webhooks": ("aftercare.cli.webhooks:webhooks", "Programs that are sent every change they subscribed to."),
}
"""Where each command is, and what the list of commands says of it: a command's module, and what that imports, is read
only when the command is called."""


class LazyGroup(click.Group):
    """The group of `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aftercare")
def commands() -> None:
    """After-sales service for installed devices: telemetry in, failure predicted, part reserved before it happens."""


def main() -> None:
    """Run the command line. An AftercareError ends it with its message on one line and exit code 1."""
    configure_logging("warning")  # what runs for long says more
    try:
        # Without its standalone mode click gives back the code of ctx.exit(), and what the command returns.
        code = commands.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except AftercareError as error:
        click.echo(f"aftercare: {error}", err=True)
        sys.exit(1)
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        if is_of_the_data(error):
            click.echo(f"aftercare: the database cannot hold what was given: {reason}", err=True)
            sys.exit(1)
        if not is_of_the_database(error):
            raise
        mend = "run 'aftercare migrate'" if is_of_the_schema(error) else "run the command again"
        click.echo(f"aftercare: the database cannot do it: {reason}; {mend}", err=True)
        sys.exit(1)
