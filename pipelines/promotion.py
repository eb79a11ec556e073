"""What becomes of a version that was just trained: champion, or challenger with the reason."""

from __future__ import annotations

import pandas as pd
import structlog

from aftercare.version_loading import load_version
from domain.device_model import DeviceModel, FailureMode
from domain.errors import NotFoundError
from models.errors import ArtifactError, FrameError
from models.features import History
from models.held_out import NOTHING, unpack
from models.promotion import Verdict, champion_risk, compare
from models.scoring import require_fit
from models.training import TrainingOutcome
from store import model_versions
from store.database import Database
from store.model_versions import Champion

log = structlog.get_logger()


def find_champion(database: Database, mode: FailureMode, device_model: DeviceModel) -> Champion | None:
    """The champion of a failure mode, if it has one."""
    with database.transaction() as connection:
        champions = model_versions.champions(connection, device_model=device_model.name)
    return next((champion for champion in champions if champion.failure_mode == mode.name), None)


def judge(
    database: Database,
    champion: Champion | None,
    outcome: TrainingOutcome,
    history: History,
    device_model: DeviceModel,
) -> Verdict:
    """Whether the version that `outcome` holds should score from now on.

    The first one should, and so should one whose champion can score no longer; any other has to beat its champion.
    """
    if champion is None:
        return Verdict(True, "the first version of this failure mode")
    try:
        model = load_version(database, champion.model_version_id, champion.artifact_sha256)
        require_fit(model, device_model)
        before = champion_risk(
            model,
            _held_out(database, champion),
            history,
            device_model,
            trained_to=pd.Timestamp(champion.data_to),
        )
    except (ArtifactError, FrameError) as error:
        return Verdict(True, f"the champion, version {champion.model_version_id}, can score no longer: {error}")
    mode = device_model.failure_mode(champion.failure_mode)
    told = outcome.held_out
    return compare(
        told["risk"].to_numpy(),
        before,
        told["fails_within"].to_numpy(),
        history.readings,
        history.events,
        device_model,
        mode,
    )


def _held_out(database: Database, champion: Champion) -> pd.DataFrame:
    """Without them the two are compared on what came after the champion's training alone."""
    try:
        with database.transaction() as connection:
            return unpack(model_versions.read_held_out(connection, champion.model_version_id))
    except (ArtifactError, NotFoundError) as error:
        log.warning("held-out predictions not read", model_version=champion.model_version_id, why=str(error))
        return NOTHING
