"""The short form of `make chaos`: each fault that takes seconds strikes under load, and nothing is amiss."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SHORT = {"ingest-kill", "ingest-restart", "database-stop", "database-kill", "broker-restart", "disk-full"}
ROOT = Path(__file__).parents[2]


@pytest.mark.alone
@pytest.mark.timeout(600)
def test_short_faults_lose_nothing_and_double_nothing(binaries, tmp_path):
    if binaries.shortcoming:
        pytest.skip(binaries.shortcoming)
    figures = tmp_path / "chaos.json"

    command = [sys.executable, "-m", "bench.chaos", "--short", "--json", str(figures)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    counts = {figure["name"]: figure for figure in json.loads(figures.read_text()) if figure["goal"] == "0"}
    faults = {name.split(":")[0] for name in counts}
    assert faults == SHORT or (faults == SHORT - {"disk-full"} and "disk-full is left out" in run.stdout)
    assert all(figure["met"] and figure["value"] == 0 for figure in counts.values())
    assert all(figure["limit_value"] > 500 for figure in counts.values()), "hardly anything was sent"
