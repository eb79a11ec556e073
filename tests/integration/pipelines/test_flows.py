"""The flows on a real Prefect server: recorded there, scheduled by it, and clear about its absence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aftercare.cli import main
from aftercare.embedded import EmbeddedPrefect
from aftercare.embedded.ports import free_port

from ..line import Line
from .conftest import MODEL, NOW, TOO_FEW, TRAINED

if TYPE_CHECKING:
    from .conftest import Plant

STILL = f"{NOW.isoformat()}@0x0.000001"
"""A clock that stands at `NOW`."""


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def ask(server: EmbeddedPrefect, path: str, question: dict[str, Any]) -> list[dict[str, Any]]:
    request = urllib.request.Request(
        f"{server.url}/{path}/filter", json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def runs(server: EmbeddedPrefect, flow: str, **filters: Any) -> list[dict[str, Any]]:
    return ask(server, "flow_runs", {"flows": {"name": {"any_": [flow]}}, **filters})


@pytest.fixture
def environment(plant: Plant, prefect: EmbeddedPrefect) -> dict[str, str]:
    return {
        **os.environ,
        **prefect.environment,
        "AFTERCARE_DATABASE_URL": plant.url,
        "AFTERCARE_CLOCK": STILL,
        "AFTERCARE_TRAIN_INTERVAL": "52w",
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
    }


@contextmanager
def flows(environment: dict[str, str], log: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """`aftercare flows` as a process, which has to leave with 0 within 20 s of SIGTERM."""
    command = [sys.executable, "-m", "aftercare", "flows", *options]
    with log.open("wb") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process:
        try:
            yield process
            assert process.poll() is None, log.read_text()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0, log.read_text()
        finally:
            process.kill()


def test_a_run_is_recorded_and_leads_to_its_training_run(
    plant: Plant, prefect: EmbeddedPrefect, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from pipelines.flows import measure_drift, score, train

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    of_this_test = {"flow_runs": {"start_time": {"after_": datetime.now(UTC).isoformat()}}}
    with temporary_settings({PREFECT_API_URL: prefect.url}):
        trained = train([MODEL])
        scored = score()
        measured = measure_drift([MODEL])

    assert [result.failure_mode for result in trained if result.model_version_id] == sorted(TRAINED, reverse=True)
    assert [result.failure_mode for result in trained if result.problem] == [TOO_FEW]
    assert [(model.device_model, model.new_predictions) for model in scored if model.devices] == [(MODEL, 24)]
    assert plant.value("SELECT predictions FROM demand_outlook") > 0
    flow_run_id = plant.value("SELECT flow_run_id FROM training_runs ORDER BY training_run_id DESC LIMIT 1")
    [recorded] = runs(prefect, "train", flow_runs={"id": {"any_": [flow_run_id]}})
    assert recorded["state_type"] == "COMPLETED"
    tasks = ask(prefect, "task_runs", {"flow_runs": {"id": {"any_": [flow_run_id]}}})
    assert [task["name"].rsplit("-", 1)[0] for task in tasks] == ["train device model"]
    assert [run["state_type"] for run in runs(prefect, "score", **of_this_test)] == ["COMPLETED"]
    assert [(one.failure_mode, one.problem) for one in measured] == [(mode, "") for mode in TRAINED]
    assert [run["state_type"] for run in runs(prefect, "drift", **of_this_test)] == ["COMPLETED"]
    assert plant.value("SELECT count(*) FROM drift_findings") == sum(len(one.findings) for one in measured)


def test_one_process_scores_by_itself_and_outlives_prefect_being_away(
    plant: Plant, prefect: EmbeddedPrefect, environment: dict[str, str], tmp_path: Path
) -> None:
    line, log = Line(prefect.port), tmp_path / "flows.log"
    environment |= {
        "PREFECT_API_URL": f"http://127.0.0.1:{line.port}/api",
        "AFTERCARE_CLOCK": f"{NOW.isoformat()}@{time.time()}x1",
        "AFTERCARE_SCORE_INTERVAL": "3s",
    }

    def completed() -> int:
        return len(runs(prefect, "score", flow_runs={"state": {"type": {"any_": ["COMPLETED"]}}}))

    def failures() -> int:
        return log.read_text().count('"flow run failed"')

    with flows(environment, log, "--in-process"):
        until(failures)
        line.open()
        until(lambda: plant.value("SELECT count(*) FROM predictions WHERE acted_at IS NOT NULL") == 24)
        earlier = completed()
        until(lambda: completed() > earlier)
        line.cut()  # between two runs: within a run Prefect's client would try for a minute
        seen = failures()
        until(lambda: failures() > seen)

    assert f"Failed to reach API at http://127.0.0.1:{line.port}/api" in log.read_text()


def test_a_signal_ends_the_flows_although_prefect_goes_away_within_a_run(
    plant: Plant, prefect: EmbeddedPrefect, environment: dict[str, str], tmp_path: Path
) -> None:
    line, log = Line(prefect.port), tmp_path / "flows.log"
    environment |= {
        "PREFECT_API_URL": f"http://127.0.0.1:{line.port}/api",
        "AFTERCARE_CLOCK": f"{NOW.isoformat()}@{time.time()}x1",
        "AFTERCARE_SCORE_INTERVAL": "50ms",
    }
    argv = [sys.executable, "-m", "aftercare", "flows", "--in-process"]
    line.open()
    with log.open("wb") as output, subprocess.Popen(argv, env=environment, stdout=output, stderr=output) as process:
        try:
            until(lambda: plant.value("SELECT count(*) FROM predictions WHERE acted_at IS NOT NULL") == 24)
            line.cut()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_deployments_are_registered_and_really_run(
    plant: Plant, prefect: EmbeddedPrefect, environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "flows.log"
    with flows({**environment, "AFTERCARE_SCORE_INTERVAL": "2s"}, log):
        until(lambda: plant.value("SELECT count(*) FROM predictions WHERE acted_at IS NOT NULL") == 24)
        deployments = {deployment["name"]: deployment for deployment in ask(prefect, "deployments", {})}

    intervals = {name: d["schedules"][0]["schedule"]["interval"] for name, d in deployments.items()}
    assert intervals == {"train": 52 * 7 * 86400.0, "score": 2.0, "drift": 86400.0}
    assert {d["global_concurrency_limit"]["limit"] for d in deployments.values()} == {1}
    of_deployment = {"id": {"any_": [deployments["score"]["id"]]}}
    executed = [run for run in runs(prefect, "score", deployments=of_deployment) if run["start_time"]]
    assert executed
    assert all(run["auto_scheduled"] for run in executed)


@pytest.mark.parametrize("arguments", [["train", MODEL], ["score"], ["drift"], ["flows"]])
def test_without_prefect_it_is_one_line(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/api"
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", plant.url)
    monkeypatch.setenv("PREFECT_API_URL", nobody)
    monkeypatch.setattr("sys.argv", ["aftercare", *arguments])

    with pytest.raises(SystemExit) as leaving:
        main()

    assert leaving.value.code == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"aftercare: {nobody}: ")
    assert line.endswith("Start Prefect or correct PREFECT_API_URL")


def test_a_cluster_without_a_prefect_server_is_told(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", plant.url)
    monkeypatch.setenv("AFTERCARE_DASK", "tcp://127.0.0.1:8786")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr("sys.argv", ["aftercare", "score"])

    with pytest.raises(SystemExit) as leaving:
        main()

    assert leaving.value.code == 1
    assert "AFTERCARE_DASK is set and PREFECT_API_URL is not" in capsys.readouterr().err


def test_flows_need_to_know_their_server(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr("sys.argv", ["aftercare", "flows"])

    with pytest.raises(SystemExit) as leaving:
        main()

    assert leaving.value.code == 1
    assert capsys.readouterr().err.startswith("aftercare: PREFECT_API_URL is not set")
