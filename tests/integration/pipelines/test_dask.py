"""Training and scoring on a real Dask cluster of two worker processes: the same models, the same predictions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aftercare.embedded import EmbeddedPrefect
from aftercare.embedded.ports import free_port
from domain.errors import UnavailableError
from pipelines import scoring
from pipelines.scoring import score_device_model
from pipelines.training import train_device_model
from store.database import Database

from .conftest import MODEL, NOW, TOO_FEW, TRAINED

if TYPE_CHECKING:
    from .conftest import Plant

pytest.importorskip("prefect_dask")
CLUSTER = """
import sys
from distributed import Client, LocalCluster, WorkerPlugin

class Quickened(WorkerPlugin):
    def setup(self, worker):  # of those that come in place of a killed one, too
        quicken()
        if sys.argv[1:]:
            die_once(sys.argv[1])

def die_once(mark):
    import os, signal
    from pipelines import training
    train = training.train_part

    def train_and_die(application, part):
        trained = train(application, part)
        if trained.model_version_id and not os.path.exists(mark):
            open(mark, "x").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return trained

    training.train_part = train_and_die

def quicken():
    from functools import partial
    from models import learners, near_failure, out_of_fold, training
    training.deal_folds = partial(out_of_fold.deal_folds, folds=2)
    learners.SETTINGS["max_depth"] = 3
    learners.FOR_RISK["max_iter"] = learners.FOR_RUL["max_iter"] = near_failure.FOR_NEAR["max_iter"] = 50

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.register_plugin(Quickened())  # as `quick_training` does here
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""
PREDICTIONS = (
    "SELECT d.name, p.failure_mode, p.as_of, p.risk, p.rul, p.rul_low, p.rul_high, p.contributions, p.model_version_id "
    "FROM predictions p JOIN devices d USING (device_id) ORDER BY 1, 2"
)
TICKETS = "SELECT device_id, failure_mode, state, priority, date_trunc('day', need_by) FROM tickets ORDER BY 1, 2"
ARTIFACTS = "SELECT failure_mode, artifact_sha256 FROM model_versions ORDER BY 1, 2"


@contextmanager
def cluster(url: str, *dying: str) -> Iterator[str]:
    """dying: a file that the first worker to store a version makes, at once before it is killed."""
    environment = {**os.environ, "AFTERCARE_DATABASE_URL": url}
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER, *dying],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(20)


@pytest.fixture
def run_flow(plant: Plant, prefect: EmbeddedPrefect, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from pipelines import flows

    for name, value in prefect.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", plant.url)
    monkeypatch.setenv("AFTERCARE_CLOCK", f"{NOW.isoformat()}@0x0.000001")
    with temporary_settings({PREFECT_API_URL: prefect.url}):

        def run(name: str, scheduler: str, *arguments: Any) -> Any:
            monkeypatch.setenv("AFTERCARE_DASK", scheduler)
            return getattr(flows, name)(*arguments)

        yield run


@pytest.mark.timeout(600)
def test_a_cluster_gives_what_one_process_gives(
    plant: Plant,
    trained_database: tuple[str, Any],
    copy_database: Callable[..., Any],
    run_flow: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scoring, "DEVICES_A_PART", 5)
    with cluster(plant.url) as scheduler:
        scored = {model.device_model: model for model in run_flow("score", scheduler)}
        trained = {mode.failure_mode: mode for mode in run_flow("train", scheduler, [MODEL])}
    assert (scored[MODEL].devices, scored[MODEL].new_predictions, scored[MODEL].problems) == (12, 24, [])
    assert [trained[mode].status != "" for mode in TRAINED] == [True, True]
    assert [mode.failure_mode for mode in trained.values() if mode.problem] == [TOO_FEW]
    assert plant.rows("SELECT DISTINCT state FROM training_runs") == [("completed",)]

    with copy_database(trained_database[0]) as url, Database(url) as database:
        alone = replace(plant, application=replace(plant.application, database=database))
        score_device_model(alone.application, alone.device_model)
        train_device_model(alone.application, alone.device_model, "")
        for statement in (PREDICTIONS, TICKETS, ARTIFACTS):
            assert plant.rows(statement) == alone.rows(statement)


@pytest.mark.timeout(600)
def test_a_version_is_stored_once_though_the_worker_that_stored_it_is_killed(
    plant: Plant, run_flow: Callable[..., Any], tmp_path: Path
) -> None:
    before = plant.value("SELECT max(training_run_id) FROM training_runs")
    with cluster(plant.url, str(tmp_path / "killed")) as scheduler:
        trained = {mode.failure_mode: mode for mode in run_flow("train", scheduler, [MODEL])}
    assert (tmp_path / "killed").exists()
    stored = "SELECT failure_mode, model_version_id, status FROM model_versions WHERE training_run_id > %s ORDER BY 1"
    assert plant.rows(stored, before) == [
        (mode, trained[mode].model_version_id, trained[mode].status) for mode in TRAINED
    ]
    assert plant.rows("SELECT DISTINCT state FROM training_runs") == [("completed",)]


def test_a_scheduler_that_is_away_is_told(run_flow: Callable[..., Any]) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(UnavailableError, match=f"the Dask scheduler at {address} does not answer"):
        run_flow("score", address)
