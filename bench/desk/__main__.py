"""Prints the figures of the service desk. Example: python -m bench.desk --only floods --only receivers"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from aftercare.logs import configure_logging
from bench.desk import alarm_floods, policy, receivers, reservations
from bench.figures import Figure, show
from bench.models.data import PublicData
from domain.errors import AftercareError


@dataclass(frozen=True, slots=True)
class Length:
    """What to measure with. seeds: of the folds. short: just enough to see that it runs."""

    data: Path
    seeds: int
    short: bool


def _policy(length: Length) -> list[Figure]:
    data, seeds = PublicData(length.data, length.short), range(1 if length.short else length.seeds)
    return [one for subset in ("FD001", "FD003") for one in policy.measure(data, subset, seeds)]


def _floods(length: Length) -> list[Figure]:
    return alarm_floods.run(seconds=2, flapping=20, site=10) if length.short else alarm_floods.run()


def _receivers(length: Length) -> list[Figure]:
    return receivers.run(changes=100, seconds=4) if length.short else receivers.run(changes=5000, seconds=60)


def _reservations(length: Length) -> list[Figure]:
    return reservations.run(workers=8, operations=200) if length.short else reservations.run()


BENCHES: Mapping[str, Callable[[Length], list[Figure]]] = {
    "policy": _policy,
    "floods": _floods,
    "receivers": _receivers,
    "reservations": _reservations,
}


@click.command()
@click.option(
    "--data",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("../shared/data"),
    show_default=True,
    help="Folder of the public data sets.",
)
@click.option("--only", "names", multiple=True, type=click.Choice(list(BENCHES)), help="Leave the others out.")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Partitions into folds.")
@click.option("--short", is_flag=True, help="Very little of each: does it run? The figures mean nothing.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(folder: Path, names: Sequence[str], seeds: int, short: bool, json_file: Path | None) -> None:
    """Print what the decision in money costs, and how the desk stands floods, receivers that are down and a rush."""
    configure_logging("error")
    length = Length(folder, seeds, short)
    figures: list[Figure] = []
    for name in names or BENCHES:
        click.echo(f"{name} ...", err=True)
        try:
            figures += BENCHES[name](length)
        except AftercareError as error:
            raise click.ClickException(str(error)) from error
    show("Service desk, very little of it" if short else "Service desk", figures, json_file)


if __name__ == "__main__":
    main()
