"""Scoring without the scheduler: reads each device's look-back, records predictions, and has the service desk act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import structlog
from models.artifact import loads
from models.scoring import score

from aftercare.wiring import Application
from domain.device_model import DeviceModel
from domain.errors import AftercareError
from models.failure_model import FailureModel
from models.lives import current_life_starts
from service_desk.predictions import act_on_predictions
from store import events, predictions
from store.model_versions import Champion, champions, read_artifact
from store.scoring_frames import FIRST_LIFE, devices_to_score, longest_look_back, read_scoring_frame

DEVICES_AT_ONCE = 500
"""Bounds the memory of a run, however large the fleet is."""
MODELS_IN_MEMORY = 64
log = structlog.get_logger()
_loaded: dict[str, FailureModel] = {}
"""Models by the hash of their artifact, which never changes; a process that scores again need not load them again."""


@dataclass(frozen=True, slots=True)
class ScoredModel:
    """What one scoring run did for one device model. problems: failure modes that could not be scored, and why."""

    device_model: str
    devices: int
    new_predictions: int
    acted_on: int
    problems: Sequence[str] = ()


def score_device_model(application: Application, device_model: DeviceModel) -> ScoredModel:
    """Score every device of one model that sent data within the look-back, and act on what is new.

    A failure mode whose model cannot be loaded is told in `problems` while the others are scored.
    """
    now = application.clock()
    since = now - longest_look_back(device_model)
    with application.database.transaction() as connection:
        versions = champions(connection, device_model=device_model.name)
        names = devices_to_score(connection, device_model, since=since) if versions else []
        history = events.read_events_frame(connection, device_model, until=now) if names else pd.DataFrame()
    if not names:
        return ScoredModel(device_model.name, 0, 0, 0)
    loaded, problems = _load_models(application, versions)
    new = 0
    for start in range(0, len(names), DEVICES_AT_ONCE):
        group = names[start : start + DEVICES_AT_ONCE]
        new += _score_group(application, device_model, loaded, group, history, since, now)
    acted = _act(application, device_model)
    return ScoredModel(device_model.name, len(names), new, acted, problems)


def _score_group(
    application: Application,
    device_model: DeviceModel,
    loaded: Sequence[tuple[Champion, FailureModel]],
    names: Sequence[str],
    history: pd.DataFrame,
    since: datetime,
    now: datetime,
) -> int:
    history = history[history["device"].isin(list(names))]
    starts = sorted(set(_life_starts(device_model, loaded, names, history)))
    with application.database.transaction() as connection:
        telemetry = read_scoring_frame(connection, device_model, since=since, until=now, life_starts=starts)
    made = [(champion, score(model, telemetry, history, device_model)) for champion, model in loaded]
    with application.database.transaction() as connection:
        return sum(
            predictions.record(connection, batch, model_version_id=champion.model_version_id, at=now)
            for champion, batch in made
        )


def _life_starts(
    device_model: DeviceModel,
    loaded: Sequence[tuple[Champion, FailureModel]],
    names: Sequence[str],
    history: pd.DataFrame,
) -> Iterator[tuple[str, datetime]]:
    for champion, _ in loaded:
        renewed = current_life_starts(history, device_model, device_model.failure_mode(champion.failure_mode))
        for name in names:
            yield name, renewed[name].to_pydatetime() if name in renewed else FIRST_LIFE


def _act(application: Application, device_model: DeviceModel) -> int:
    with application.database.transaction() as connection:
        waiting = predictions.waiting(connection, device_model=device_model.name)
    act_on_predictions(application.database, device_model, waiting, now=application.clock())
    return len(waiting)


def _load_models(
    application: Application, versions: Sequence[Champion]
) -> tuple[list[tuple[Champion, FailureModel]], list[str]]:
    loaded, problems = [], []
    for version in versions:
        try:
            loaded.append((version, _load_model(application, version.artifact_sha256)))
        except AftercareError as error:
            log.error("failure mode not scored", failure_mode=version.failure_mode, why=str(error))
            problems.append(f"{version.failure_mode}: {error}")
    return loaded, problems


def _load_model(application: Application, sha256: str) -> FailureModel:
    if sha256 not in _loaded:
        with application.database.transaction() as connection:
            content = read_artifact(connection, sha256=sha256)
        if len(_loaded) >= MODELS_IN_MEMORY:
            _loaded.clear()
        _loaded[sha256] = loads(content)
    return _loaded[sha256]
