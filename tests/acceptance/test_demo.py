"""The demo as its user runs it: the whole loop, counted on both ends, with ingest killed in the middle."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CMAPSS = Path(__file__).parents[3] / "shared" / "data" / "cmapss"
KEYS = {
    "devices", "readings_sent", "readings_stored", "readings_lost", "readings_doubled", "failures",
    "tickets_before_failure", "parts_reserved_before_failure", "median_lead_time_hours", "false_tickets", "cost",
    "cost_run_to_failure", "database_tier", "seconds",
}  # fmt: skip

pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]


def run_demo(tmp_path, *options):
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "aftercare", "demo", "--json", str(figures), *options]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    document = json.loads(figures.read_text())
    assert document.keys() >= KEYS
    return document, run.stdout + run.stderr


def left_behind(state_dir):
    return [path.name for path in state_dir.glob("demo-*")]


@pytest.fixture
def state_dir(tmp_path, monkeypatch):
    folder = tmp_path / "state"
    monkeypatch.setenv("AFTERCARE_STATE_DIR", str(folder))
    return folder


@pytest.mark.skipif(not CMAPSS.is_dir(), reason=f"the C-MAPSS files are not at {CMAPSS}")
def test_live_engines_have_a_ticket_and_a_part_in_time_although_ingest_is_killed_twice(tmp_path, state_dir, binaries):
    figures, output = run_demo(tmp_path, "--data", str(CMAPSS), "--kill-ingest", "2")

    in_time = [row for row in figures["outcomes"] if (row["parts_hours_before"] or 0) >= 10]
    early = [row for row in figures["tickets"] if row["hours_to_failure"] is None or row["hours_to_failure"] > 60]
    assert figures["devices"] == figures["failures"] == 20
    assert len({row["device"] for row in in_time}) >= 18
    assert len(early) <= 2
    assert (figures["readings_lost"], figures["readings_doubled"]) == (0, 0)
    assert figures["readings_sent"] == figures["readings_stored"] == 4493
    assert output.count('"ending": "SIGKILL"') == 2
    assert figures["database_tier"] == ("plain PostgreSQL" if binaries.shortcoming else "TimescaleDB Apache")
    assert left_behind(state_dir) == []


def test_most_failures_of_the_simulated_fleet_have_a_ticket_and_a_part_before_them(tmp_path, state_dir):
    figures, output = run_demo(tmp_path)

    assert figures["devices"] == 48
    assert figures["failures"] + figures["averted_failures"] >= 20
    assert figures["parts_reserved_before_failure"] >= 0.7 * figures["failures"]
    assert figures["cost"] < 0.8 * figures["cost_run_to_failure"]
    told = {(row["device"], row["failure_mode"]) for row in figures["tickets"]}
    foreseen = [row for row in figures["outcomes"] if row["ticket_hours_before"] is not None]
    assert told >= {(row["device"], row["failure_mode"]) for row in foreseen}
    assert (figures["readings_lost"], figures["readings_doubled"]) == (0, 0)
    assert "Readings doubled" in output
    assert left_behind(state_dir) == []
