"""A model as bytes and back; loading runs no foreign code.

One line of JSON (format, library versions, and all of the model but its estimators) and then the estimators as skops
archives, of which only the types that our estimators are made of are let in.
"""

from __future__ import annotations

import io
import json
import pickle
import platform
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier, VotingRegressor

from models.calibration import LifeInterval, RiskCalibration
from models.condition import Condition
from models.errors import ArtifactError
from models.failure_model import FailureModel
from models.failure_timing import FailureTiming
from models.features.plan_document import from_document, to_document
from models.hazard_curve import HazardCurve

FORMAT = "aftercare-model-6"
ESTIMATORS = {
    "risk_estimator": HistGradientBoostingClassifier,
    "rul_estimator": VotingRegressor,
    "near_estimator": VotingRegressor,
}
TRUSTED = [
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.utils._bunch.Bunch",
    "numpy.dtype",
    "models.nets.SmallNets",
]
"""What skops does not trust by itself and our estimators are made of: scikit-learn's decision tree, an array; how
it moves a net's weights, numbers (in models trained before there were our own nets); its dictionary with attributes;
numpy's name of a type; and our nets, arrays."""
BINDING = ("scikit-learn",)
"""Libraries whose minor version must be the one that wrote the model."""
EPOCH = (1980, 1, 1, 0, 0, 0)
IDENTITY = re.compile(r'"__id__": (\d+)')


def dumps(model: FailureModel) -> bytes:
    """The model as bytes; training again from the same data gives the same bytes."""
    fitted = {name: estimator for name in ESTIMATORS if (estimator := getattr(model, name)) is not None}
    archives = {name: _without_addresses(skops.io.dumps(_apart(estimator))) for name, estimator in fitted.items()}
    header = {
        "format": FORMAT,
        "libraries": library_versions(),
        "archives": {name: {"bytes": len(a), "sha256": sha256(a).hexdigest()} for name, a in archives.items()},
        "model": {
            "device_model": model.device_model,
            "failure_mode": model.failure_mode,
            "horizon": model.horizon.total_seconds(),
            "rul_cap": model.rul_cap.total_seconds(),
            "plan": to_document(model.plan),
            "features": list(model.features),
            "healthy": dict(model.healthy),
            "alarm_threshold": model.alarm_threshold,
            "metrics": dict(model.metrics),
            "calibration": asdict(model.calibration),
            "interval": asdict(model.interval),
            "condition": asdict(model.condition),
            "curve": None if model.curve is None else asdict(model.curve),
        },
    }
    return b"\n".join([json.dumps(header, sort_keys=True).encode(), b"".join(archives.values())])


def loads(content: bytes) -> FailureModel:
    """The model again.

    Raises ArtifactError when the bytes are damaged, hold a type that is not trusted, or were written with another
    version of a library that the estimators depend on.
    """
    header, _, body = content.partition(b"\n")
    try:
        described = json.loads(header)
        known = isinstance(described, dict) and described.get("format") == FORMAT
    except ValueError:
        known = False
    if not known:
        raise ArtifactError(f"these {len(content)} bytes are no model of format {FORMAT}: train the model again")
    try:
        _require_versions(described["libraries"])
        return _model(described["model"], _estimators(described["archives"], body))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"the model's header is damaged at {error}: train the model again") from error


def library_versions() -> dict[str, str]:
    """What the estimators were fitted with."""
    names = ("numpy", "pandas", "scikit-learn", "skops")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def _apart(estimator: Any) -> Any:
    """The estimator with its numbers no longer shared, as one that comes from another process has them: an archive
    tells them once where they are shared."""
    return pickle.loads(pickle.dumps(estimator))  # noqa: S301 - our own bytes of a moment ago


def _require_versions(written: Mapping[str, str]) -> None:
    for name in BINDING:
        here, there = version(name), str(written.get(name, "unknown"))
        if here.split(".")[:2] != there.split(".")[:2]:
            raise ArtifactError(
                f"the model was written with {name} {there} and this is {here}: "
                f"train it again, or install {name} {there}"
            )


def _estimators(described: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    estimators, start = {}, 0
    for name in (name for name in ESTIMATORS if name in described):
        archive = body[start : start + described[name]["bytes"]]
        start += len(archive)
        if sha256(archive).hexdigest() != described[name]["sha256"]:
            raise ArtifactError(f"the model's {name} is damaged: restore it from a backup or train the model again")
        estimators[name] = _estimator(name, archive)
    return estimators


def _estimator(name: str, archive: bytes) -> Any:
    try:
        estimator = skops.io.loads(archive, trusted=TRUSTED)
    except Exception as error:  # whatever a forged archive makes skops raise
        raise ArtifactError(f"the model's {name} cannot be read: {error}; train the model again") from error
    if type(estimator) is not ESTIMATORS[name]:
        raise ArtifactError(f"the model's {name} is a {type(estimator).__name__}: train the model again")
    return estimator


def _model(values: Mapping[str, Any], estimators: Mapping[str, Any]) -> FailureModel:
    interval, curve = values["interval"], values["curve"]
    return FailureModel(
        device_model=values["device_model"],
        failure_mode=values["failure_mode"],
        horizon=timedelta(seconds=values["horizon"]),
        rul_cap=timedelta(seconds=values["rul_cap"]),
        plan=from_document(values["plan"]),
        features=tuple(values["features"]),
        healthy={name: float(value) for name, value in values["healthy"].items()},
        alarm_threshold=values["alarm_threshold"],
        metrics=values["metrics"],
        calibration=RiskCalibration(**values["calibration"]),
        interval=LifeInterval(
            tuple(interval["predicted"]),
            tuple(interval["below"]),
            tuple(interval["above"]),
            interval["cap"],
            interval["early"],
        ),
        condition=Condition(**values["condition"]),
        curve=None if curve is None else HazardCurve([FailureTiming(**timing) for timing in curve["hazards"]]),
        **estimators,
    )


def _without_addresses(archive: bytes) -> bytes:
    """The skops archive with its objects numbered in order, where skops wrote memory addresses and the time of day."""
    with zipfile.ZipFile(io.BytesIO(archive)) as written:
        files = {name: written.read(name) for name in written.namelist()}
    schema = files["schema.json"].decode()
    numbers = {address: str(number) for number, address in enumerate(dict.fromkeys(IDENTITY.findall(schema)))}
    schema = IDENTITY.sub(lambda found: f'"__id__": {numbers[found[1]]}', schema)
    schema = re.sub(r'"file": "(\d+)\.npy"', lambda found: f'"file": "{numbers[found[1]]}.npy"', schema)
    files["schema.json"] = schema.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            stem, dot, kind = name.partition(".")
            target.writestr(zipfile.ZipInfo(numbers.get(stem, stem) + dot + kind, EPOCH), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
