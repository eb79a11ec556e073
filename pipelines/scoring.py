"""Scoring without the scheduler: has every device scored, and the service desk act on what is new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field

import structlog

from aftercare.wiring import Application
from domain.device_model import DeviceModel
from domain.silent_channels import VANISHED, SilentChannels
from pipelines.scoring_part import Problems, ScoredPart, ScoringPart, score_part
from service_desk.demand_forecast import work_out
from service_desk.predictions import act_on_predictions
from service_desk.visit_budget import reconsider
from store import predictions
from store.model_versions import Champion, champions
from store.retry import in_transaction
from store.scoring_frames import devices_to_score, silence_allowed

DEVICES_A_PART = 1_000
"""What one worker of a cluster is given at once."""
PREDICTIONS_AT_ONCE = 2_000
"""Bounds the memory of a run, however large the fleet is."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ScoredModel:
    """What one scoring run did for one device model. problems: failure modes that could not be scored, and why.
    silent_channels: those that are declared and told the champions nothing, in training or now."""

    device_model: str
    devices: int
    new_predictions: int
    acted_on: int
    problems: Sequence[str] = ()
    silent_channels: SilentChannels = field(default_factory=dict)


def score_device_model(
    application: Application,
    device_model: DeviceModel,
    *,
    score_parts: Callable[[Sequence[ScoringPart]], Iterable[ScoredPart]] | None = None,
) -> ScoredModel:
    """Score every device of one model that sent data lately, and act on what is new.

    A failure mode whose model cannot be loaded or no longer fits the catalog is told in `problems`; the others go on.
    score_parts: has `score_part` done for each part elsewhere; without it all is done here.
    """
    now = application.clock()
    with application.database.transaction() as connection:
        versions = champions(connection, device_model=device_model.name)
        since = now - silence_allowed(device_model)
        names = devices_to_score(connection, device_model, since=since) if versions else []
    size = DEVICES_A_PART if score_parts else max(len(names), 1)
    parts = [
        ScoringPart(device_model, now, versions, names[start : start + size]) for start in range(0, len(names), size)
    ]
    problems, new = Problems(), 0
    needed, lately = set[str](), set[str]()
    for scored in score_parts(parts) if score_parts else (score_part(application.database, part) for part in parts):
        new += scored.new_predictions
        problems.add(scored.problems)
        needed |= scored.needed
        lately |= scored.lately
    acted = _act(application, device_model, problems)
    reconsider(application.database, application.catalog, now=application.clock())
    for mode, why in problems.by_mode.items():
        log.error("failure mode not scored", device_model=device_model.name, failure_mode=mode, why=why)
    told = [f"{mode}: {why}" for mode, why in problems.by_mode.items()]
    silent = _silent(device_model, versions, needed - lately)
    if VANISHED in silent:
        log.warning("channels vanished since training", device_model=device_model.name, channels=silent[VANISHED])
    return ScoredModel(device_model.name, len(names), new, acted, told, silent)


def _silent(device_model: DeviceModel, versions: Sequence[Champion], vanished: Set[str]) -> SilentChannels:
    """What carried nothing when the champions were trained, by the latest of them, and what they miss now."""
    trained = max(versions, key=lambda version: version.data_to).silent_channels if versions else {}
    missed = [channel.name for channel in device_model.channels if channel.name in vanished]
    return {**trained, **({VANISHED: missed} if missed else {})}


def work_out_demand(application: Application) -> None:
    """Work out which parts the fleet will need, from the predictions that there are now."""
    standing = in_transaction(
        application.database,
        lambda connection: work_out(connection, application.catalog, now=application.clock()),
    )
    log.info("demand worked out", predictions=standing.predictions)


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
