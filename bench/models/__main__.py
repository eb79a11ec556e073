"""Prints the figures of the models. Example: python -m bench.models --data ../shared/data --only fd001 --only ai4i"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

from bench.figures import Figure, show
from bench.models import counters, snapshots, speed, turbofan
from domain.errors import AftercareError

BENCHES: Mapping[str, Callable[[Path], list[Figure]]] = {
    "fd001": lambda data: turbofan.measure(data, "FD001"),
    "fd003": lambda data: turbofan.measure(data, "FD003"),
    "device_failure": counters.measure,
    "ai4i": snapshots.measure,
    "features": speed.measure,
}


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("../shared/data"),
    show_default=True,
    help="Folder of the public data sets.",
)
@click.option("--only", "names", multiple=True, type=click.Choice(list(BENCHES)), help="Leave the others out.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(data: Path, names: Sequence[str], json_file: Path | None) -> None:
    """Train with the one configuration of the project, and print every figure beside what others reach."""
    figures: list[Figure] = []
    for name in names or BENCHES:
        click.echo(f"{name} ...", err=True)
        try:
            figures += BENCHES[name](data)
        except AftercareError as error:
            raise click.ClickException(str(error)) from error
    show("Models", figures, json_file)


if __name__ == "__main__":
    main()
