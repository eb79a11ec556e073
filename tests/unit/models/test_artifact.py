"""Models survive storage, and nothing else gets in."""

from __future__ import annotations

import json
import pickle
from hashlib import sha256

import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression

from domain.device_model import DeviceModel, FailureMode
from models.artifact import dumps, library_versions, loads
from models.errors import ArtifactError
from models.features import History
from models.scoring import score
from models.training import TrainingOutcome, train


class Foreign:
    """A type of somebody else's."""

    harm = 1


Fleet = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def content(outcome: TrainingOutcome) -> bytes:
    return dumps(outcome.model)


def test_the_loaded_model_says_the_same(
    outcome: TrainingOutcome, content: bytes, fleet: Fleet, pump: DeviceModel
) -> None:
    loaded = loads(content)
    assert score(loaded, History(*fleet), pump) == score(outcome.model, History(*fleet), pump)
    assert loaded.metrics == outcome.model.metrics
    assert len(content) < 5_000_000


def test_the_same_training_gives_the_same_bytes(
    content: bytes, fleet: Fleet, pump: DeviceModel, wear: FailureMode
) -> None:
    assert dumps(train(History(*fleet), pump, wear).model) == content


def test_a_model_from_another_process_gives_the_same_bytes(outcome: TrainingOutcome, content: bytes) -> None:
    assert dumps(pickle.loads(pickle.dumps(outcome.model))) == content


@pytest.mark.parametrize("spoil", [b"", b"PK\x03\x04", b"{}\n", b"[1]\n", pickle.dumps({"a": 1})])
def test_other_bytes_are_no_model(spoil: bytes) -> None:
    with pytest.raises(ArtifactError, match="no model of format"):
        loads(spoil)


def test_damage_is_noticed(content: bytes) -> None:
    with pytest.raises(ArtifactError, match="near_estimator is damaged"):
        loads(content[:-1])
    with pytest.raises(ArtifactError, match="risk_estimator is damaged"):
        loads(content.replace(b"PK", b"PX", 1))
    with pytest.raises(ArtifactError, match="header is damaged"):
        loads(_with_header(content, model={}))
    with pytest.raises(ArtifactError, match="header is damaged"):
        loads(_with_header(content, libraries=None))


def test_another_version_of_scikit_learn_is_told(content: bytes) -> None:
    with pytest.raises(ArtifactError, match=r"written with scikit-learn 0\.1\.2"):
        loads(_with_header(content, libraries={**library_versions(), "scikit-learn": "0.1.2"}))


def test_foreign_types_stay_out(content: bytes) -> None:
    for foreign, reason in (
        (skops.io.dumps(Foreign()), "[Uu]ntrusted"),
        (skops.io.dumps(LinearRegression()), "LinearRegression"),
    ):
        described = {"bytes": len(foreign), "sha256": sha256(foreign).hexdigest()}
        header = _with_header(content, archives={"risk_estimator": described, "rul_estimator": described})
        with pytest.raises(ArtifactError, match=reason):
            loads(header.partition(b"\n")[0] + b"\n" + foreign + foreign)


def _with_header(content: bytes, **changed: object) -> bytes:
    header, _, body = content.partition(b"\n")
    return json.dumps({**json.loads(header), **changed}).encode() + b"\n" + body
