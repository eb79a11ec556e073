"""Faults under load, counted from both ends: what the broker has acknowledged is in the table once, with its values.

TimescaleDB and Mosquitto, two `aftercare ingest` that share the subscription, and devices that publish numbered
messages with QoS 1: some late, some twice, some out of order, some in two halves. Exit 1 when anything is lost,
doubled, wrong, rejected or in conflict.

Example: python -m bench.chaos --faults ingest-kill,network-cut --json chaos.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import psycopg
from rich.console import Console
from rich.table import Table

from bench.chaos.faults import FAULTS, Fault, Pace
from bench.chaos.running import Outcome, run_fault
from bench.chaos.stage import Stage, set_up
from bench.chaos.table_count import Count, count_all
from bench.figures import Figure, figure
from domain.errors import AftercareError

RATE = 5_000
SHORT_RATE = 1_500


def _read_names(_context: click.Context, _parameter: click.Parameter, value: str) -> list[str]:
    names = value.split(",") if value else list(FAULTS)
    for name in names:
        if name not in FAULTS:
            raise click.BadParameter(f"{name} is none of {', '.join(FAULTS)}")
    return names


@click.command()
@click.option("--rate", type=float, help=f"Messages a second; {RATE:,}, with --short {SHORT_RATE:,}.")
@click.option("--seconds", type=float, help="How long each fault has, shared out over its strokes.")
@click.option("--faults", "names", callback=_read_names, default="", help="Comma-separated; all unless given.")
@click.option("--short", is_flag=True, help="One or two strokes of each that takes seconds, for every change.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(rate: float | None, seconds: float | None, names: list[str], short: bool, json_file: Path | None) -> None:
    """Strike, settle and count, one fault after the other."""
    rate = rate or (SHORT_RATE if short else RATE)
    try:
        with set_up() as stage:
            outcomes = list(_strike(stage, names, rate, seconds, short=short))
            with psycopg.connect(stage.server.url) as connection:
                whole = count_all(connection, outcomes[-1].end if outcomes else 0)
    except AftercareError as error:
        raise click.ClickException(str(error)) from error
    _show(outcomes, rate)
    if json_file:
        json_file.write_text(json.dumps([f for one in outcomes for f in _figures(one)], indent=1) + "\n", "utf-8")
    expected = Count(stored=outcomes[-1].end if outcomes else 0, doubled=0, wrong=0)
    if whole != expected:
        print(f"the whole table at the end: {whole}, expected {expected}")
    sys.exit(0 if whole == expected and all(one.is_clean for one in outcomes) else 1)


def _strike(stage: Stage, names: list[str], rate: float, seconds: float | None, *, short: bool) -> Iterator[Outcome]:
    end = 0
    for name in names:
        fault = FAULTS[name]
        pace = _pace(fault, seconds, short=short)
        if pace is None:
            continue
        if fault.needs_disk and stage.disk is None:
            print(f"{name} is left out, for the database has no disk of its own: {stage.no_disk}")
            continue
        outcome = run_fault(stage, name, fault, pace, rate=rate, first=end)
        end = outcome.end
        print(f"{name}: {outcome.sent:,} sent, {outcome.lost} lost", file=sys.stderr, flush=True)
        yield outcome


def _pace(fault: Fault, seconds: float | None, *, short: bool) -> Pace | None:
    pace = fault.short if short else fault.full
    if pace is None or seconds is None:
        return pace
    return replace(pace, gap=max(0.5, seconds / pace.times - pace.down))


def _show(outcomes: list[Outcome], rate: float) -> None:
    columns = ("fault", "times", "sent", "acknowledged", "stored", "lost", "doubled", "wrong", "rejected", "conflicts")
    table = Table(*columns, "caught up", "longest pause", title=f"Faults at {rate:,.0f} messages/s")
    for one in outcomes:
        numbers = (one.times, one.sent, one.acknowledged, one.count.stored, one.lost, one.count.doubled)
        more = (one.count.wrong, one.rejected, one.conflicts)
        table.add_row(
            one.fault, *(f"{number:,}" for number in (*numbers, *more)), f"{one.caught_up:.1f} s", f"{one.pause:.1f} s"
        )
    Console(width=150).print(table)


def _figures(one: Outcome) -> Iterator[Figure]:
    bad = {"lost": one.lost, "doubled": one.count.doubled, "wrong": one.count.wrong, "rejected": one.rejected}
    for what, number in {**bad, "conflicts": one.conflicts}.items():
        yield figure(f"{one.fault}: {what}", number, "messages", "numbers sent", one.sent, "0", met=number == 0)
    for what, seconds in {"caught up after": one.caught_up, "longest pause": one.pause}.items():
        yield figure(f"{one.fault}: {what}", seconds, "s", "seconds of load", one.seconds, "reported", met=True)


if __name__ == "__main__":
    main()
