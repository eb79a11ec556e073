"""Scores some devices of one model: reads each device's look-back and records predictions, wherever that is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from aftercare.version_loading import load_version
from domain.device_model import DeviceModel, FailureMode
from domain.errors import NotFoundError
from domain.prediction import Prediction
from models.errors import ArtifactError, FrameError
from models.failure_model import FailureModel
from models.features import History
from models.features.latest import LatestFeatures
from models.longer_look import further_look_back, near_failure, watch_longer
from models.scoring import score_latest
from models.silent_channels import channels_lately, channels_needed
from pipelines.history import read_look_back
from store import predictions
from store.database import Database
from store.model_versions import Champion

DEVICES_AT_ONCE = 500
"""Bounds the memory of a run, however large the fleet is."""


@dataclass(frozen=True, slots=True)
class ScoringPart:
    """Devices of one model to be scored as of `now` by these versions."""

    device_model: DeviceModel
    now: datetime
    versions: Sequence[Champion]
    devices: Sequence[str]


@dataclass(frozen=True, slots=True)
class ScoredPart:
    """How many predictions were new, and by failure mode why it could not be scored. needed: the channels that the
    models' features are made of; lately: those that came lately."""

    new_predictions: int
    problems: Problems
    needed: Set[str] = frozenset()
    lately: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Problems:
    """Why failure modes could not be scored: of each the first reason."""

    by_mode: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def of(self, failure_mode: str) -> Iterator[None]:
        """Notes an error of ours inside the block instead of raising it. A database that is away is raised."""
        try:
            yield
        except (ArtifactError, FrameError, NotFoundError) as error:
            self.by_mode.setdefault(failure_mode, str(error))

    def add(self, others: Problems) -> None:
        """Take in what another part noted."""
        for failure_mode, why in others.by_mode.items():
            self.by_mode.setdefault(failure_mode, why)


def score_part(database: Database, part: ScoringPart) -> ScoredPart:
    """Score the devices of a part and record what is new; nothing is acted on. Doing it again changes nothing."""
    problems = Problems()
    loaded = _load_models(database, part, problems)
    modes = [part.device_model.failure_mode(champion.failure_mode) for champion, _ in loaded]
    new, lately = 0, set[str]()
    for history in _histories(database, part, modes):
        new += _score_group(database, part, loaded, history, problems)
        lately |= channels_lately(history.readings, part.device_model)
    return ScoredPart(new, problems, channels_needed(model for _, model in loaded), lately)


def _load_models(database: Database, part: ScoringPart, problems: Problems) -> list[tuple[Champion, FailureModel]]:
    loaded = []
    for version in part.versions:
        with problems.of(version.failure_mode):
            part.device_model.failure_mode(version.failure_mode)
            loaded.append((version, load_version(database, version.model_version_id, version.artifact_sha256)))
    return loaded


def _histories(database: Database, part: ScoringPart, modes: Sequence[FailureMode]) -> Iterator[History]:
    """What is known of the devices, group by group. While one group is worked on, the next one is read: that is work
    for the database's processor more than for ours."""

    def read(group: Sequence[str]) -> History:
        with database.transaction() as connection:
            return read_look_back(connection, part.device_model, modes, devices=group, until=part.now)

    starts = range(0, len(part.devices) if modes else 0, DEVICES_AT_ONCE)
    groups = [part.devices[start : start + DEVICES_AT_ONCE] for start in starts]
    with ThreadPoolExecutor(1, "read ahead") as reader:
        ahead = deque(reader.submit(read, group) for group in groups[:1])
        for group in groups[1:]:
            history = ahead.popleft().result()
            ahead.append(reader.submit(read, group))
            yield history
        while ahead:
            yield ahead.popleft().result()


def _score_group(
    database: Database,
    part: ScoringPart,
    loaded: Sequence[tuple[Champion, FailureModel]],
    history: History,
    problems: Problems,
) -> int:
    made, latest = [], LatestFeatures(history, part.device_model)
    for champion, model in loaded:
        with problems.of(champion.failure_mode):
            made.append((champion, model, score_latest(model, latest)))
    told = _watch_longer(database, part, made)
    with database.transaction() as connection:
        return sum(
            predictions.record(connection, batch, model_version_id=champion.model_version_id, at=part.now)
            for champion, batch in told
        )


def _watch_longer(
    database: Database, part: ScoringPart, made: Sequence[tuple[Champion, FailureModel, Sequence[Prediction]]]
) -> list[tuple[Champion, Sequence[Prediction]]]:
    """Tell the risk curves of devices near a failure from more than their latest reading: those are few."""
    names = sorted({name for _, model, batch in made for name in near_failure(model, batch)})
    if not names:
        return [(champion, batch) for champion, _, batch in made]
    modes = [part.device_model.failure_mode(champion.failure_mode) for champion, _, _ in made]
    further = max(further_look_back(part.device_model, mode) for mode in modes)
    with database.transaction() as connection:
        longer = read_look_back(connection, part.device_model, modes, devices=names, until=part.now, further=further)
    return [(champion, watch_longer(model, batch, longer, part.device_model)) for champion, model, batch in made]
