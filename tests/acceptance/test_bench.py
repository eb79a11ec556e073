"""The benchmarks of ingest in a short form: they run, tell each figure, and nothing is lost. No pace is judged here."""

import json
import subprocess
import sys

import pytest

from aftercare.broker_address import parse_broker_url
from bench.ingest_runs import Runs

pytestmark = pytest.mark.timeout(300)
FIELDS = {"name", "value", "unit", "limit_name", "limit_value", "ratio", "goal", "met"}


def run(module, tmp_path, *options):
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", module, "--json", str(file), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(file.read_text())
    assert all(figure.keys() == FIELDS for figure in figures)
    return {figure["name"]: figure for figure in figures}


def test_ingest_is_measured_beside_its_limits_and_loses_nothing(tmp_path):
    figures = run("bench.ingest", tmp_path, "--messages", "4000", "--repeat", "1", "--seconds", "0.5")

    assert figures["lost"]["value"] == 0
    assert figures["lost"]["limit_value"] >= 3 * 4000 + 200
    for name in ("S1, one process", "S1, two processes", "S2, one process"):
        assert figures[name]["ratio"] > 0
    latencies = [figure for name, figure in figures.items() if name.startswith("publish to committed")]
    assert len(latencies) == 10
    assert [figure["goal"] for figure in latencies if figure["goal"] != "reported"] == ["under 500 ms"]
    assert all(figure["value"] > 0 for figure in latencies)


def test_a_queue_that_is_drained_before_the_first_look_is_measured_again_with_more(server_url, mqtt_url):
    pace = Runs(server_url, parse_broker_url(mqtt_url).port).ingest(200, rows=1, processes=2)

    assert pace.messages > 0
    assert pace.sent >= 200
    assert pace.missing == 0


def test_memory_is_watched_through_an_outage_and_nothing_is_lost(tmp_path):
    figures = run("bench.memory", tmp_path, "--seconds", "4", "--outage", "4", "--rate", "300")

    assert (figures["lost"]["value"], figures["lost"]["limit_value"]) == (0, 8 * 300)
    assert figures["peak of all"]["value"] >= figures["steady: end"]["value"] > 0
    assert {"steady: slope", "database away: slope", "catching up: took"} <= figures.keys()


@pytest.mark.parametrize("module", ["bench.ingest", "bench.memory"])
def test_a_length_that_measures_nothing_is_refused(module):
    command = [sys.executable, "-m", module, "--seconds", "0"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "--seconds" in done.stderr
