"""When upkeep looks at whether the demand has to be worked out anew."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from aftercare.wiring import Application
from domain.errors import UnavailableError
from ingest.upkeep.demand import LOOK_SECONDS, SHARE, DemandWatch


@dataclass
class Looks:
    """Takes what is to be done in a thread, and has it end when the test says so."""

    begun: list[Future[float]] = field(default_factory=list)

    def submit(self, _: Callable[[], float]) -> Future[float]:
        self.begun.append(Future())
        return self.begun[-1]


@dataclass
class Scene:
    """A watch at a time that the test sets."""

    monkeypatch: pytest.MonkeyPatch
    looks: Looks = field(default_factory=Looks)

    def __post_init__(self) -> None:
        self.watch = DemandWatch(cast(Application, None), cast(ThreadPoolExecutor, self.looks))

    def begun_at(self, seconds: float) -> int:
        self.monkeypatch.setattr("ingest.upkeep.demand.time.monotonic", lambda: 1000 + seconds)
        self.watch.look()
        return len(self.looks.begun)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Any:
    return Scene(monkeypatch)


@pytest.mark.parametrize(("took", "pause"), [(0.01, LOOK_SECONDS), (10, 10 * SHARE)])
def test_the_next_look_is_as_far_away_as_the_last_one_took_long(scene: Scene, took: float, pause: float) -> None:
    assert [scene.begun_at(0), scene.begun_at(500)] == [1, 1]
    scene.looks.begun[0].set_result(took)
    assert [scene.begun_at(600), scene.begun_at(599 + pause), scene.begun_at(600 + pause)] == [1, 1, 2]


def test_what_went_wrong_is_raised_once_and_tried_again_later(scene: Scene) -> None:
    scene.begun_at(0)
    scene.looks.begun[0].set_exception(UnavailableError("away"))
    with pytest.raises(UnavailableError, match="away"):
        scene.begun_at(1)
    assert [scene.begun_at(2), scene.begun_at(1 + LOOK_SECONDS)] == [1, 2]
