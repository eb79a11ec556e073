"""Estimators are the same in whichever process they were fitted."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib.util import module_from_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from models import learners, near_failure, out_of_fold
from models.fitting import learn_all, usable_processors
from models.out_of_fold import Examples, deal_folds, predict_out_of_fold


@pytest.fixture
def examples() -> Examples:
    """Ten devices that wear, each with 40 readings up to its failure."""
    random = np.random.default_rng(0)
    left = np.tile(np.arange(200.0, 0, -5), 10)
    wear = (np.exp(-left / 50) + random.normal(0, 0.02, len(left))).astype(np.float32)
    matrix = np.column_stack([wear, random.normal(size=len(left)).astype(np.float32)])
    devices = np.repeat(np.arange(10), 40)
    return Examples(matrix, devices, (left <= 40).astype(float), np.minimum(left, 120), 120.0, ["wear", "noise"])


@pytest.fixture(autouse=True)
def as_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests may have made training quick in this process, of which other processes know nothing."""
    for module, names in ((learners, ("SETTINGS", "FOR_RISK", "FOR_RUL")), (near_failure, ("FOR_NEAR",))):
        assert module.__spec__ is not None
        assert module.__spec__.loader is not None
        fresh = module_from_spec(module.__spec__)
        module.__spec__.loader.exec_module(fresh)
        for name in names:
            here, shipped = getattr(module, name), getattr(fresh, name)
            for key in list(here):
                monkeypatch.delitem(here, key)
            for key, value in shipped.items():
                monkeypatch.setitem(here, key, value)


def test_the_number_of_processes_changes_no_answer(examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(out_of_fold, "WORTH_PROCESSES", 1)
    fold = deal_folds(examples, 0, folds=2)
    alone, spread = (predict_out_of_fold(examples, fold, 0, processes=processes) for processes in (1, 2))
    assert_array_equal(spread.risk, alone.risk)
    assert_array_equal(spread.rul, alone.rul)
    assert_array_equal(spread.left, alone.left)


def test_few_readings_start_no_process(examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def learn_all(lessons: object, processes: int) -> list[object]:
        asked.append(processes)
        return []

    monkeypatch.setattr(out_of_fold, "learn_all", learn_all)
    everything = np.ones(len(examples.rul), dtype=bool)
    out_of_fold.fit_each(examples, [everything, everything], 0, processes=8)
    monkeypatch.setattr(out_of_fold, "WORTH_PROCESSES", 400)
    out_of_fold.fit_each(examples, [everything, everything], 0, processes=8)
    assert asked == [1, 2]


def test_a_process_learns_elsewhere(examples: Examples) -> None:
    # Settings that are changed here reach no other process: had it learnt here, one tree would tell.
    lessons = [out_of_fold.draw(examples, np.ones(len(examples.rul), dtype=bool), seed) for seed in (0, 1)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(learners.FOR_RISK, "max_iter", 1)
        fitted = learn_all(lessons, 2)
        here = learn_all(lessons[:1], 1)
    assert [one.risk.n_iter_ for one in fitted] == [learners.FOR_RISK["max_iter"]] * 2
    assert here[0].risk.n_iter_ == 1


def test_as_many_processors_as_the_environment_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= usable_processors() <= (os.cpu_count() or 1)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert usable_processors() == 1


def test_processes_end_with_the_one_that_started_them() -> None:
    told = "from joblib import Parallel, delayed; import os, time; from models import fitting\n"
    told += "def work(s): os.write(1, b'%d\\n' % os.getpid()); time.sleep(s)\n"
    told += "fitting.learn = work; fitting.learn_all([100, 100], 2)"
    with subprocess.Popen([sys.executable, "-c", told], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
    until = time.monotonic() + 30
    while any(Path(f"/proc/{worker}/cmdline").exists() for worker in workers):
        assert time.monotonic() < until, "a process waits for work that nobody will give"
        time.sleep(0.05)
