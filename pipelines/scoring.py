"""Scoring without the scheduler: reads each device's look-back, records predictions, and has the service desk act."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog

from aftercare.wiring import Application
from domain.device_model import DeviceModel, FailureMode
from domain.errors import NotFoundError
from models.errors import ArtifactError, FrameError
from models.failure_model import FailureModel
from models.features import History
from models.scoring import score
from pipelines.history import read_look_back
from pipelines.versions import load_version
from service_desk.predictions import act_on_predictions
from store import predictions
from store.model_versions import Champion, champions
from store.scoring_frames import devices_to_score, silence_allowed

DEVICES_AT_ONCE = 500
PREDICTIONS_AT_ONCE = 2_000
"""These bound the memory of a run, however large the fleet is."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ScoredModel:
    """What one scoring run did for one device model. problems: failure modes that could not be scored, and why."""

    device_model: str
    devices: int
    new_predictions: int
    acted_on: int
    problems: Sequence[str] = ()


def score_device_model(application: Application, device_model: DeviceModel) -> ScoredModel:
    """Score every device of one model that sent data lately, and act on what is new.

    A failure mode whose model cannot be loaded or no longer fits the catalog is told in `problems`; the others go on.
    """
    now = application.clock()
    with application.database.transaction() as connection:
        versions = champions(connection, device_model=device_model.name)
        since = now - silence_allowed(device_model)
        names = devices_to_score(connection, device_model, since=since) if versions else []
    problems = Problems(device_model.name)
    loaded = _load_models(application, device_model, versions, problems) if names else []
    modes = [device_model.failure_mode(champion.failure_mode) for champion, _ in loaded]
    new = sum(
        _score_group(application, device_model, loaded, history, now, problems)
        for history in _histories(application, device_model, modes, names, now)
    )
    acted = _act(application, device_model, problems)
    return ScoredModel(device_model.name, len(names), new, acted, list(problems.by_mode.values()))


class Problems:
    """Why failure modes could not be scored: each is logged and told once a run."""

    def __init__(self, device_model: str) -> None:
        self.by_mode: dict[str, str] = {}
        self._device_model = device_model

    @contextmanager
    def of(self, failure_mode: str) -> Iterator[None]:
        """Notes an error of ours inside the block instead of raising it. A database that is away is raised."""
        try:
            yield
        except (ArtifactError, FrameError, NotFoundError) as error:
            if failure_mode not in self.by_mode:
                self.by_mode[failure_mode] = f"{failure_mode}: {error}"
                names = {"device_model": self._device_model, "failure_mode": failure_mode}
                log.error("failure mode not scored", **names, why=str(error))


def _histories(
    application: Application,
    device_model: DeviceModel,
    modes: Sequence[FailureMode],
    names: Sequence[str],
    now: datetime,
) -> Iterator[History]:
    """What is known of the devices, group by group. While one group is worked on, the next one is read: that is work
    for the database's processor more than for ours."""

    def read(group: Sequence[str]) -> History:
        with application.database.transaction() as connection:
            return read_look_back(connection, device_model, modes, devices=group, until=now)

    groups = [names[start : start + DEVICES_AT_ONCE] for start in range(0, len(names), DEVICES_AT_ONCE)]
    with ThreadPoolExecutor(1, "read ahead") as reader:
        ahead = deque(reader.submit(read, group) for group in groups[:1])
        for group in groups[1:]:
            history = ahead.popleft().result()
            ahead.append(reader.submit(read, group))
            yield history
        while ahead:
            yield ahead.popleft().result()


def _score_group(
    application: Application,
    device_model: DeviceModel,
    loaded: Sequence[tuple[Champion, FailureModel]],
    history: History,
    now: datetime,
    problems: Problems,
) -> int:
    made = []
    for champion, model in loaded:
        with problems.of(champion.failure_mode):
            made.append((champion, score(model, history, device_model)))
    with application.database.transaction() as connection:
        return sum(
            predictions.record(connection, batch, model_version_id=champion.model_version_id, at=now)
            for champion, batch in made
        )


def _act(application: Application, device_model: DeviceModel, problems: Problems) -> int:
    """Act on what this run recorded, and on what a run that was killed had recorded and not acted on."""
    acted, after = 0, (0, "")
    while True:
        with application.database.transaction() as connection:
            waiting = predictions.waiting(
                connection, device_model=device_model.name, after=after, limit=PREDICTIONS_AT_ONCE
            )
        if not waiting:
            return acted
        after = (waiting[-1].device_id, waiting[-1].prediction.failure_mode)
        known = []
        for recorded in waiting:
            with problems.of(recorded.prediction.failure_mode):
                device_model.failure_mode(recorded.prediction.failure_mode)
                known.append(recorded)
        act_on_predictions(application.database, device_model, known, now=application.clock())
        acted += len(known)


def _load_models(
    application: Application, device_model: DeviceModel, versions: Sequence[Champion], problems: Problems
) -> list[tuple[Champion, FailureModel]]:
    loaded = []
    for version in versions:
        with problems.of(version.failure_mode):
            device_model.failure_mode(version.failure_mode)
            model = load_version(application.database, version.model_version_id, version.artifact_sha256)
            loaded.append((version, model))
    return loaded
