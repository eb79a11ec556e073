"""Model versions as models: fetched, checked, and kept in memory."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from aftercare.wiring import Catalog
from domain.errors import NotFoundError
from models.errors import ArtifactError
from store import model_versions
from store.database import Database
from store.model_versions import Version

if TYPE_CHECKING:
    from models.failure_model import FailureModel

MODELS_IN_MEMORY = 64
_loaded: dict[str, FailureModel] = {}
"""Models by the hash of their artifact, which never changes; a process that scores again need not load them again."""


def load_version(database: Database, model_version_id: int, digest: str) -> FailureModel:
    """The model of a version whose artifact has this SHA-256.

    Raises ArtifactError, naming the version and what to do, when the artifact is missing or damaged or cannot be run
    by this installation.
    """
    from models.artifact import loads  # takes seconds, and the console must not wait for it at its start

    if digest not in _loaded:
        try:
            model = loads(_content(database, digest))
        except (ArtifactError, NotFoundError) as error:
            raise ArtifactError(f"model version {model_version_id}: {error}") from error
        if len(_loaded) >= MODELS_IN_MEMORY:
            _loaded.clear()
        _loaded[digest] = model
    return _loaded[digest]


def require_runnable(database: Database, catalog: Catalog, version: Version) -> None:
    """Raises ArtifactError or NotFoundError when the version could not score what the catalog describes now."""
    from models.scoring import require_fit  # as above

    if version.device_model not in catalog:
        raise NotFoundError(
            f"the catalog has no device model {version.device_model!r}: version {version.model_version_id} cannot score"
        )
    device_model = catalog[version.device_model]
    device_model.failure_mode(version.failure_mode)
    _loaded.pop(version.artifact_sha256, None)  # what is stored now, not what this process once read
    require_fit(load_version(database, version.model_version_id, version.artifact_sha256), device_model)


def _content(database: Database, digest: str) -> bytes:
    with database.transaction() as connection:
        content = model_versions.read_artifact(connection, sha256=digest)
    if sha256(content).hexdigest() != digest:
        raise ArtifactError(
            f"model artifact {digest} is damaged: restore model_artifacts from a backup, "
            "go back with 'aftercare models rollback', or train the model again"
        )
    return content
