"""Our packages have plain names at the top level: nobody else may claim one."""

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
OURS = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_no_other_distribution_claims_one_of_our_names():
    claimed = packages_distributions()

    assert {name: claimed[name] for name in OURS if set(claimed.get(name, [])) - {"aftercare"}} == {}
