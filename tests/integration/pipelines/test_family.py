"""Device models of one family learn from each other's stored histories, and are measured on their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aftercare.settings import load_settings
from aftercare.wiring import Application, Catalog
from domain.device_model import DeviceModel
from ingest.bulk import import_history
from models.prepared import Kin
from models.training import TrainingOutcome
from pipelines import training
from pipelines.training import train_device_model
from store.database import Database

from .conftest import NOW, START

MODEL, RELATIVE = "turbofan_fd001", "turbofan_fd003"
ENGINES, CYCLES = 6, 60


@pytest.fixture
def application(database_url: str, catalog: Catalog) -> Iterator[Application]:
    with Database(database_url) as database:
        yield Application(load_settings(database_url=database_url), lambda: NOW, catalog, database)


@pytest.fixture
def kin(monkeypatch: pytest.MonkeyPatch) -> list[Kin]:
    """What training was lent; it goes on as ever."""
    lent: list[Kin] = []
    train = training.train

    def watched(*history_and_mode: Any, kin: Sequence[Kin], **options: Any) -> TrainingOutcome:
        lent.extend(kin)
        return train(*history_and_mode, kin=kin, **options)

    monkeypatch.setattr(training, "train", watched)
    return lent


def fly(application: Application, device_model: DeviceModel, seed: int, channels: slice = slice(None)) -> None:
    """Import engines that wear out within sixty cycles of an hour, measured by some of the channels."""
    random = np.random.default_rng(seed)
    [mode] = device_model.failure_modes
    names = [channel.name for channel in device_model.channels][channels]
    readings, events = [], []
    for number in range(ENGINES):
        length = CYCLES + int(random.integers(-10, 10))
        cycles = pd.Series(np.arange(1, length + 1))
        wear = np.exp((cycles - length) / 15)
        table = {name: 100 + 5 * wear + random.normal(0, 0.5, length) for name in names}
        device, ts = f"{device_model.name}-{number}", START + cycles * timedelta(hours=1)
        readings.append(pd.DataFrame({"device": device, "ts": ts, **table}))
        events.append({"device": device, "ts": ts.iloc[-1], "kind": "failure", "code": mode.event_codes[0]})
    report = import_history(
        application.database, device_model, readings=pd.concat(readings), events=pd.DataFrame(events)
    )
    assert report.rejected == 0


def trained(application: Application, name: str) -> dict[str, Any]:
    [mode] = train_device_model(application, application.catalog[name], "family")
    assert mode.problem == ""
    with application.database.transaction() as connection:
        [row] = connection.execute(
            b"SELECT device_count, row_count, artifact_sha256 FROM model_versions WHERE model_version_id = %s",
            [mode.model_version_id],
        ).fetchall()
    return dict(zip(("devices", "rows", "artifact"), row, strict=True))


def test_the_kindred_mode_of_the_family_is_learnt_from(application: Application, kin: list[Kin]) -> None:
    own, relative = application.catalog[MODEL], application.catalog[RELATIVE]
    fly(application, own, seed=1)
    alone = trained(application, MODEL)
    assert kin == []  # the relative has no readings yet

    fly(application, relative, seed=2)
    together = trained(application, MODEL)

    [lent] = kin
    assert (lent.device_model.name, lent.mode.name) == (RELATIVE, relative.failure_modes[0].name)
    assert lent.mode.name != own.failure_modes[0].name
    assert lent.history.readings["device"].nunique() == ENGINES
    assert len(lent.history.events) == ENGINES
    assert together["artifact"] != alone["artifact"]
    assert (together["devices"], together["rows"]) == (alone["devices"], alone["rows"])  # measured on its own devices


def test_a_relative_that_measures_less_can_be_learnt_from(application: Application, kin: list[Kin]) -> None:
    fly(application, application.catalog[RELATIVE], seed=1)
    fly(application, application.catalog[MODEL], seed=2, channels=slice(8, 16))

    assert trained(application, RELATIVE)["devices"] == ENGINES

    assert [lent.device_model.name for lent in kin] == [MODEL]


def test_device_models_without_family_are_left_alone(application: Application) -> None:
    assert training._family(application, application.catalog["heat_pump"]) == []
    assert [model.name for model in training._family(application, application.catalog[MODEL])] == [RELATIVE]
