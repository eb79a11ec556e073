"""Prints the figures of the models. Example: python -m bench.models --data ../shared/data --only fd001 --only ai4i"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

from bench.figures import Figure, write
from bench.models import counters, fleet_scoring, logs, snapshots, speed, turbofan
from bench.models.data import PublicData
from bench.models.figures import show_side_by_side
from domain.errors import AftercareError

BENCHES: Mapping[str, Callable[[PublicData], list[Figure]]] = {
    "fd001": lambda data: turbofan.measure(data, "FD001"),
    "fd003": lambda data: turbofan.measure(data, "FD003"),
    "device_failure": counters.measure,
    "ai4i": snapshots.measure,
    "azure_pdm": logs.measure,
    "features": speed.measure,
    "scoring": fleet_scoring.measure,
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
@click.option("--short", is_flag=True, help="A few devices of each data set: does it run? The figures mean nothing.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(folder: Path, names: Sequence[str], short: bool, json_file: Path | None) -> None:
    """Train with the one configuration of the project, and print every figure beside what others reach."""
    figures: list[Figure] = []
    for name in names or BENCHES:
        click.echo(f"{name} ...", err=True)
        try:
            figures += BENCHES[name](PublicData(folder, short))
        except AftercareError as error:
            raise click.ClickException(str(error)) from error
    show_side_by_side("Models: a few devices of each data set" if short else "Models", figures)
    if json_file:
        write(figures, json_file)


if __name__ == "__main__":
    main()
