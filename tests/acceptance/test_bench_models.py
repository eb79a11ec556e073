"""The benchmark of the models in its short form: every data set is read, trained on and told. No figure is judged."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.timeout(300)

PUBLIC = Path(__file__).parent.parent.parent.parent / "shared" / "data"
FIELDS = {"name", "value", "unit", "limit_name", "limit_value", "ratio", "goal", "met"}
TOLD = {
    "FD001 RMSE, truth capped at 125",
    "FD001 RMSE, truth capped at 125: difference to plain",
    "FD003 NASA score, truth capped at 125",
    "FD003 RMSE across training units, truth capped at 125",
    "FD001 90 % interval: share of test units inside, truth capped at 125",
    "FD001 90 % interval: mean width on test units",
    "FD001 features and training, family included",
    "device_failure average precision, April and May, mean of 1 seeds",
    "AI4I F1, five folds",
    "AI4I average precision, five folds",
    "Azure comp1 from logs (plumbing, not skill): AUC",
}
BENCHES = ("fd001", "fd003", "device_failure", "ai4i", "azure_pdm", "features")
RANDOM = np.random.default_rng(0)


def write_turbofans(folder: Path, subset: str) -> None:
    """Units that run to failure within 60 to 90 cycles, and others that are cut off 20 cycles before."""

    def units(count: int, cut: int) -> pd.DataFrame:
        tables = []
        for unit in range(1, count + 1):
            cycles = np.arange(1, RANDOM.integers(60, 90))
            table = pd.DataFrame({"unit": unit, "cycle": cycles})
            wear = np.exp((cycles - len(cycles)) / 20)
            for column in range(24):
                table[column] = 100 + 5 * wear * (column > 2) + RANDOM.normal(0, 0.5, len(cycles))
            tables.append(table.iloc[: len(cycles) - cut])
        return pd.concat(tables)

    units(8, 0).to_csv(folder / f"train_{subset}.txt", sep=" ", header=False, index=False)
    units(6, 20).to_csv(folder / f"test_{subset}.txt", sep=" ", header=False, index=False)
    (folder / f"RUL_{subset}.txt").write_text("20\n" * 6)


def write_counters(folder: Path) -> None:
    """Forty devices a day each from January to May; every fourth device fails after attribute 4 has moved."""
    tables = []
    for number in range(40):
        days = pd.date_range("2015-01-01", periods=30 + 3 * number)
        moved = (np.arange(len(days)) > len(days) - 5) & (number % 4 == 0)
        attributes = {f"attribute{n}": RANDOM.integers(0, 3, len(days)) for n in range(1, 10)}
        table = pd.DataFrame({"date": days.date, "device": f"S{number:03d}", **attributes})
        table["attribute4"] = 9 * moved
        table["failure"] = 0
        table.loc[table.index[-1], "failure"] = int(number % 4 == 0)
        tables.append(table)
    pd.concat(tables).to_csv(folder / "device_failure_to_2015-05-31.csv", index=False)


def write_snapshots(folder: Path) -> None:
    """Machines of which those with much torque fail."""
    count = 300
    table = pd.DataFrame(
        {
            "UDI": range(1, count + 1),
            "Type": RANDOM.choice(["L", "M", "H"], count),
            "Air temperature [K]": RANDOM.normal(300, 2, count),
            "Process temperature [K]": RANDOM.normal(310, 2, count),
            "Rotational speed [rpm]": RANDOM.normal(1500, 100, count),
            "Torque [Nm]": RANDOM.normal(40, 10, count),
            "Tool wear [min]": RANDOM.uniform(0, 240, count),
        }
    )
    table.assign(Machine_failure=(table["Torque [Nm]"] > 52).astype(int)).to_csv(folder / "ai4i2020.csv", index=False)


def write_logs(folder: Path) -> None:
    """Machines whose components fail in turn, two days after an error, and are replaced at once."""
    machines, numbers = range(1, 13), range(12)
    failures = pd.DataFrame(
        [
            {"datetime": pd.Timestamp(2015, 1 + n, m, 6), "machineID": m, "failure": f"comp{1 + n % 4}"}
            for m in machines
            for n in numbers
        ]
    )
    replaced = failures.rename(columns={"failure": "comp"})
    errors = failures.assign(
        datetime=failures["datetime"] - pd.Timedelta("2D"), errorID="error" + failures["failure"].str[-1]
    )
    master = pd.DataFrame({"machineID": machines, "model": ["model1", "model2"] * 6, "age": range(5, 17)})
    files: Mapping[str, pd.DataFrame] = {
        "failures": failures,
        "errors": errors.drop(columns="failure"),
        "maint": replaced,
        "machines": master,
    }
    for name, table in files.items():
        table.to_csv(folder / f"PdM_{name}.csv", index=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The public data sets where they are at hand, else small ones of the same form."""
    if PUBLIC.is_dir():
        return PUBLIC
    return simulated(tmp_path)


def simulated(folder: Path) -> Path:
    """Writes the data sets' files."""
    for name in ("cmapss", "device_failure", "ai4i", "azure_pdm"):
        (folder / name).mkdir()
    for subset in ("FD001", "FD003"):
        write_turbofans(folder / "cmapss", subset)
    write_counters(folder / "device_failure")
    write_snapshots(folder / "ai4i")
    write_logs(folder / "azure_pdm")
    return folder


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench.models", *arguments], capture_output=True, text=True, check=False
    )


def test_every_data_set_is_measured_beside_its_limits(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    only = [part for name in BENCHES for part in ("--only", name)]

    done = run("--short", "--data", str(data), "--json", str(file), *only)

    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(file.read_text())
    assert all(figure.keys() == FIELDS for figure in figures)
    assert {figure["name"] for figure in figures} >= TOLD
    assert all(np.isfinite([figure["value"], figure["limit_value"], figure["ratio"]]).all() for figure in figures)
    limits = {(figure["name"], figure["limit_name"]) for figure in figures}
    for limit in ("plain gradient boosting", "best published", "95 % half-width over devices"):
        assert ("FD001 RMSE, truth capped at 125", limit) in limits
    assert "plain, measured" in done.stdout


def test_a_folder_without_the_data_is_told(tmp_path: Path) -> None:
    done = run("--short", "--only", "ai4i", "--data", str(tmp_path))

    assert done.returncode == 1
    assert "ai4i2020.csv" in done.stderr
    assert "--data" in done.stderr
