"""What technicians say over the API when they close tickets is what the next training learns, and moves the gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from aftercare.access import COOKIE
from models.lives import Lives, find_lives
from pipelines.history import read_history
from pipelines.scoring import score_device_model
from pipelines.training import train_device_model

from ..conftest import listening_on_loopback, session_of
from .conftest import MODEL, NOW, TRAINED

if TYPE_CHECKING:
    from .conftest import Plant

WORKED_AT = NOW - timedelta(days=3)
REPAIRED, NEEDLESS = 0, 1
"""Of the tickets of a mode: the one whose prediction is right, and the one whose is not."""


@pytest.fixture
def http(plant: Plant) -> Iterator[httpx.Client]:
    """The API beside a scored fleet, every ticket open."""
    score_device_model(plant.application, plant.device_model)
    cookies = {COOKIE: session_of(plant.application.database, "local")}
    with (
        listening_on_loopback(plant.application) as (_, url),
        httpx.Client(base_url=url + "/api/v1", timeout=30, cookies=cookies) as client,
    ):
        yield client


def close(http: httpx.Client, ticket_id: int, code: str, **more: Any) -> dict[str, Any]:
    if http.get(f"/tickets/{ticket_id}").json()["state"] == "suggested":
        assert http.post(f"/tickets/{ticket_id}/accept").status_code == 200
    assert http.post(f"/tickets/{ticket_id}/start").status_code == 200
    assert http.post(f"/tickets/{ticket_id}/resolve").status_code == 200
    answer = http.post(f"/tickets/{ticket_id}/close", json={"closure_code": code, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def tickets_of(http: httpx.Client, mode: str) -> list[dict[str, Any]]:
    found = http.get("/tickets", params={"limit": 200}).json()["items"]
    return [ticket for ticket in found if ticket["failure_mode"] == mode]


def lives_of(plant: Plant, mode: str, device: str) -> list[tuple[bool, bool]]:
    """Of each life of a device: whether it failed, and whether it ended when the work was done."""
    application = plant.at(NOW + timedelta(hours=1))
    with application.database.transaction() as connection:
        history = read_history(connection, plant.device_model, until=NOW + timedelta(hours=1))
    lives: Lives = find_lives(
        history.readings, history.events, plant.device_model, plant.device_model.failure_mode(mode)
    )
    numbers = sorted(set(lives.of_row[(history.readings["device"] == device).to_numpy()]))
    worked = int(WORKED_AT.timestamp() * 1000)
    return [(bool(lives.failed[number]), int(lives.ended_at[number]) == worked) for number in numbers]


def test_what_technicians_found_is_in_the_labels_of_the_next_training(plant: Plant, http: httpx.Client) -> None:
    mode = max(TRAINED, key=lambda name: len(tickets_of(http, name)))
    other = next(
        c.name for c in plant.device_model.components if c.name != plant.device_model.failure_mode(mode).component
    )
    right, wrong = (tickets_of(http, mode)[number] for number in (REPAIRED, NEEDLESS))
    before = {ticket["ticket_id"]: lives_of(plant, mode, ticket["device"]) for ticket in (right, wrong)}

    at = WORKED_AT.isoformat()
    close(http, right["ticket_id"], "confirmed", worked_at=at, replaced=[other])
    close(http, wrong["ticket_id"], "no_fault_found", worked_at=at)

    *earlier, last = before[right["ticket_id"]]
    assert not last[0]
    assert lives_of(plant, mode, right["device"]) == [*earlier, (True, True), (False, False)]
    assert lives_of(plant, mode, wrong["device"]) == before[wrong["ticket_id"]]
    of_other = next(m.name for m in plant.device_model.failure_modes if m.component == other)
    assert (False, True) in lives_of(plant, of_other, right["device"]), "the exchanged component begins a life"
    only = replace(plant.device_model, failure_modes=[plant.device_model.failure_mode(mode)])
    [result] = train_device_model(plant.at(NOW + timedelta(hours=1)), only, "the next")
    first = next(trained for trained in plant.first_training if trained.failure_mode == mode)
    assert result.metrics["failures"] == first.metrics["failures"] + 1


def test_realised_precision_moves_the_gate(plant: Plant, http: httpx.Client) -> None:
    mode = max(TRAINED, key=lambda name: len(tickets_of(http, name)))
    held_out = next(t for t in plant.first_training if t.failure_mode == mode).metrics["alarm_precision"]
    right, wrong = (tickets_of(http, mode)[number]["ticket_id"] for number in (REPAIRED, NEEDLESS))

    close(http, right, "confirmed")
    close(http, wrong, "no_fault_found")

    after_both, after_right = http.get(f"/gates/{MODEL}/{mode}").json()
    assert after_right["precision"] == pytest.approx((10 * held_out + 1) / 11)
    assert after_both["precision"] == pytest.approx((10 * held_out + 1) / 12)
    assert (after_both["right_closures"], after_both["wrong_closures"]) == (1, 1)
