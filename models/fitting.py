"""Fits all estimators of a failure mode on the readings that were drawn for them; several sets at once in processes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Thread

from joblib import Parallel, cpu_count, delayed  # type: ignore[import-untyped]
from sklearn.ensemble import HistGradientBoostingClassifier, VotingRegressor

from models.calibration import Floats
from models.condition import Condition, Matrix, fit_condition
from models.learners import fit_risk, fit_rul
from models.near_failure import fit_near
from models.threads import one_thread

IDLE_SECONDS = 60
"""After which a process without work ends: the next failure mode of a run finds it there."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one set of estimators learns from: readings drawn for the risk, for the remaining life, for its nets, which
    read more of them (none without `trends`), and near failures (`close`; None to go without), each with its features
    and answers. Drawn readings are so few that a lesson can be handed to another process, however large the fleet.

    failed: 0 or 1; rul, rul_for_nets, left: hours, capped at `cap`. features: names of the columns; trends: see
    `fit_condition`.
    """

    for_risk: Matrix
    failed: Floats
    for_rul: Matrix
    rul: Floats
    for_nets: Matrix
    rul_for_nets: Floats
    close: Matrix | None
    left: Floats
    cap: float
    features: tuple[str, ...]
    trends: tuple[str, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Estimators:
    """All answers, fitted on the same devices. near: of hours left near failures; None where too few readings are."""

    risk: HistGradientBoostingClassifier
    rul: VotingRegressor
    condition: Condition
    near: VotingRegressor | None = None


def learn(lesson: Lesson) -> Estimators:
    """The same lesson gives the same estimators, in whichever process."""
    with one_thread():  # also of what is only multiplied here: two threads round otherwise than one
        condition = fit_condition(lesson.for_rul, lesson.rul, lesson.cap, lesson.features, lesson.trends)
        smooth = condition.smooth_columns(lesson.features)
        wider = condition.extend(lesson.for_nets), lesson.rul_for_nets
        near = None
        if lesson.close is not None:
            near = fit_near(condition.extend(lesson.close), lesson.left, smooth, lesson.seed)
        return Estimators(
            fit_risk(condition.read(lesson.for_risk), lesson.failed, lesson.seed),
            fit_rul(condition.extend(lesson.for_rul), lesson.rul, smooth, lesson.seed, wider),
            condition,
            near,
        )


def learn_all(lessons: Iterable[Lesson], processes: int) -> list[Estimators]:
    """In order, in so many processes beside this one, or in this one for 1. Lessons are drawn as they are needed.

    Processes are loky's: they begin anew instead of as a fork of one that has threads and connections.
    """
    spread = Parallel(
        n_jobs=processes, backend="loky", batch_size=1, pre_dispatch=processes, max_nbytes=None,
        idle_worker_timeout=IDLE_SECONDS, initializer=_end_with, initargs=(os.getpid(),),
    )  # fmt: skip
    fitted: list[Estimators] = spread(delayed(learn)(lesson) for lesson in lessons)
    return fitted


def _end_with(parent: int) -> None:
    """Loky's processes wait for work for ever when the process that would give it was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def usable_processors() -> int:
    """How many this process may use: as its affinity, its container and LOKY_MAX_CPU_COUNT say."""
    return int(cpu_count())
