"""Prints the figures of the service desk. Example: python -m bench.desk --data ../shared/data --seeds 3"""

from __future__ import annotations

from pathlib import Path

import click

from bench.desk import policy
from bench.figures import Figure, show
from bench.models.data import PublicData
from domain.errors import AftercareError


@click.command()
@click.option(
    "--data",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("../shared/data"),
    show_default=True,
    help="Folder of the public data sets.",
)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Partitions into folds.")
@click.option("--short", is_flag=True, help="A few engines: does it run? The figures mean nothing.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(folder: Path, seeds: int, short: bool, json_file: Path | None) -> None:
    """Print what the decision in money costs beside other policies."""
    figures: list[Figure] = []
    for subset in ("FD001", "FD003"):
        click.echo(f"policy on {subset} ...", err=True)
        try:
            figures += policy.measure(PublicData(folder, short), subset, range(seeds))
        except AftercareError as error:
            raise click.ClickException(str(error)) from error
    show("Service desk: a few engines" if short else "Service desk", figures, json_file)


if __name__ == "__main__":
    main()
