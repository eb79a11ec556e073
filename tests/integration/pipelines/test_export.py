"""`aftercare export predictions` on predictions that were really made."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from aftercare.cli import main
from pipelines.scoring import score_device_model
from store import exports

from .conftest import MODEL, NOW

if TYPE_CHECKING:
    from .conftest import Plant

Run = Callable[..., int]


@pytest.fixture
def run(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> Run:
    score_device_model(plant.at(NOW - timedelta(days=1)), plant.device_model)
    score_device_model(plant.application, plant.device_model)
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", plant.url)
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 7)

    def ran(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["aftercare", "export", "predictions", *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
        return int(leaving.value.code or 0)

    return ran


def test_the_three_formats_say_the_same(plant: Plant, run: Run, tmp_path: Path) -> None:
    for ending in ("csv", "jsonl", "parquet"):
        assert run("--output", str(tmp_path / f"out.{ending}")) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.jsonl", "out.parquet"]

    count = plant.value("SELECT count(*) FROM predictions")
    with (tmp_path / "out.csv").open(newline="") as file:
        from_csv = list(csv.DictReader(file))
    from_json = [json.loads(line) for line in (tmp_path / "out.jsonl").open()]
    from_parquet = pd.read_parquet(tmp_path / "out.parquet").to_dict("records")
    assert len(from_csv) == len(from_json) == len(from_parquet) == count > 40
    for one, two, three in zip(from_csv, from_json, from_parquet, strict=True):
        assert float(one["risk"]) == two["risk"] == three["risk"]
        assert float(one["rul_low_hours"]) == two["rul_low_hours"] == three["rul_low_hours"]
        assert datetime.fromisoformat(one["as_of"]) == datetime.fromisoformat(two["as_of"]) == three["as_of"]
        assert json.loads(one["contributions"]) == two["contributions"] == json.loads(three["contributions"])
    assert any(one["contributions"] for one in from_json)


def test_since_and_device_model(plant: Plant, run: Run, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    since = plant.value("SELECT max(as_of) FROM predictions")
    capsysbinary.readouterr()
    assert run("--since", since.isoformat(), "--format", "jsonl", "--device-model", MODEL) == 0
    rows = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert {row["as_of"] for row in rows} == {since.isoformat()}
    assert run("--device-model", "compressor") == 0
    out, err = capsysbinary.readouterr()
    assert out.splitlines() == [",".join(exports.PREDICTIONS.columns).encode()]
    assert err == b"0 predictions written to standard output\n"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--device-model", "heatpump"], 1, "the catalog has no device model 'heatpump'; it has"),
        (["--since", "yesterday"], 2, "'yesterday' is no instant"),
        (["--format", "parquet"], 1, "Parquet needs a file: give --output FILE"),
        (
            ["--output", "{folder}/out.xyz"],
            1,
            "out.xyz ends in none of .csv, .parquet, .jsonl: name it so, or say --for",
        ),
        (["--output", "{folder}/out"], 1, "out ends in none of"),
        (["--output", "{folder}/nowhere/out.csv"], 1, "No such file or directory; choose another --output"),
    ],
)
def test_bad_input_is_told(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, told: str
) -> None:
    assert run(*(argument.format(folder=tmp_path) for argument in arguments)) == code
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_seen_enough_is_no_error(plant: Plant, run: Run) -> None:
    command = [sys.executable, "-m", "aftercare", "export", "predictions"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
        assert process.wait(20) == 1
