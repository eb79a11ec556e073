"""The console's pages of a failure mode, on versions that were really trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from aftercare.access import COOKIE
from domain.account import Role
from pipelines.scoring import score_device_model
from tests.integration.conftest import listening_on_loopback, session_of

from .conftest import MODEL, TOO_FEW, TRAINED

if TYPE_CHECKING:
    from .conftest import Plant

MODE = TRAINED[0]
PLACE = f"/models/{MODEL}/{MODE}"
STORED = "SELECT (SELECT count(*) FROM tickets), (SELECT count(*) FROM audit_log), (SELECT count(*) FROM alarms)"
COPY = (
    "INSERT INTO model_versions OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(v, jsonb_build_object("
    "'model_version_id', 1000, 'status', 'challenger', 'reason', 'not better beyond noise'))).* "
    "FROM model_versions v WHERE failure_mode = %s"
)


@pytest.fixture
def challenger(plant: Plant) -> int:
    plant.rows(COPY, MODE)
    return 1000


@pytest.fixture
def champion(plant: Plant) -> int:
    return int(plant.value("SELECT model_version_id FROM model_versions WHERE failure_mode = %s", MODE))


@pytest.fixture
def paula(plant: Plant) -> Iterator[httpx.Client]:
    """A planner at the console."""
    with listening_on_loopback(plant.application) as (_, url):
        cookies = {COOKIE: session_of(plant.application.database, "paula", Role.PLANNER)}
        with httpx.Client(base_url=url, timeout=30, cookies=cookies, follow_redirects=True) as client:
            yield client


def test_a_failure_mode_tells_how_it_does(paula: httpx.Client, champion: int) -> None:
    page = paula.get(PLACE).text
    for told in ("Is the risk true?", "How early is the alarm?", "on held-out devices", "Not measured yet"):
        assert told in page
    assert f"Version {champion}</a>" in page
    assert "No ticket of this failure mode has been closed yet" in page


def test_a_failure_mode_without_a_version_says_what_to_do(paula: httpx.Client) -> None:
    page = paula.get(f"/models/{MODEL}/{TOO_FEW}")
    assert page.status_code == 200
    assert "No version is trained yet" in page.text
    assert paula.get(f"/models/{MODEL}/{TOO_FEW}/roll-back").status_code == 404
    for nowhere in (
        f"/models/{MODEL}/nonsense",
        "/models/nonsense/nonsense",
        f"{PLACE}/promote/77",
        f"{PLACE}/promote/x",
    ):
        assert paula.get(nowhere).status_code in (404, 422)


def test_what_was_closed_stands_in_a_chart_with_its_ticket(paula: httpx.Client, plant: Plant) -> None:
    plant.rows(
        "INSERT INTO gate_findings (device_model, failure_mode, found_at, auto_open, turned, precision, precision_low, "
        "precision_high, right_closures, wrong_closures, held_out, required, reason) "
        "SELECT %s, %s, timestamptz '2026-03-01' + n * interval '1 day', true, n = 1, 0.9, 0.7, 0.99, n, 0, 0.8, 0.7, "
        "'' FROM generate_series(0, 2) n",
        MODEL,
        MODE,
    )
    page = paula.get(PLACE).text
    assert 'aria-label="Realised precision' in page
    assert ">gate</text>" in page
    assert page.count("<strong>turned</strong>") == 1


def test_promote_and_roll_back_each_with_a_confirmation(
    paula: httpx.Client, plant: Plant, champion: int, challenger: int
) -> None:
    asked = paula.get(f"{PLACE}/promote/{challenger}").text
    assert f"version {champion} scores now" in asked
    form = {"champion": champion, "reason": "field test"}
    assert f"Version {challenger}</a>" in paula.post(f"{PLACE}/promote/{challenger}", data=form).text

    assert f"let version {champion} score?" in paula.get(f"{PLACE}/roll-back").text
    form = {"champion": challenger, "reason": "false alarms"}
    assert f"Version {champion}</a>" in paula.post(f"{PLACE}/roll-back", data=form).text
    audit = (
        "SELECT who, action, object_id, detail ->> 'reason' FROM audit_log WHERE object_kind = 'model_version' "
        "AND who = 'paula' ORDER BY action"
    )
    assert plant.rows(audit) == [
        ("paula", "promoted", str(challenger), "field test"),
        ("paula", "rolled back", str(champion), "false alarms"),
    ]


def test_what_somebody_else_changed_meanwhile_is_not_changed_again(
    paula: httpx.Client, plant: Plant, champion: int, challenger: int
) -> None:
    form = {"champion": challenger, "reason": "field test"}
    refused = paula.post(f"{PLACE}/promote/{challenger}", data=form)
    assert (refused.status_code, "scores meanwhile" in refused.text) == (409, True)
    assert paula.post(f"{PLACE}/promote/{challenger}", data={"champion": champion}).status_code == 422
    assert paula.post(f"{PLACE}/roll-back", data={**form, "champion": champion}).status_code == 409
    plant.rows("UPDATE model_artifacts SET content = 'nonsense'")
    damaged = paula.post(f"{PLACE}/promote/{challenger}", data={"champion": champion, "reason": "field test"})
    assert (damaged.status_code, "is damaged" in damaged.text) == (409, True)
    assert plant.value("SELECT status FROM model_versions WHERE model_version_id = %s", champion) == "champion"


def test_a_viewer_changes_no_champion(paula: httpx.Client, plant: Plant, champion: int, challenger: int) -> None:
    paula.cookies.set(COOKIE, session_of(plant.application.database, "vera", Role.VIEWER))
    page = paula.get(PLACE).text
    assert "Roll back" not in page
    refused = paula.post(f"{PLACE}/promote/{challenger}", data={"champion": champion, "reason": "x"})
    assert refused.status_code == 403


def test_what_other_costs_would_change_stands_beside_today(paula: httpx.Client, plant: Plant) -> None:
    score_device_model(plant.application, plant.device_model)
    stored = plant.rows(STORED)
    today = paula.get(f"{PLACE}/what-if").text
    assert "12 devices were predicted" in today
    assert "Today: from which risk is it cheapest to act?" in today
    assert '<th class="amount">What if</th>' not in today
    tried = paula.get(f"{PLACE}/what-if", params={"emergency": "900000", "gate": "100"}).text
    assert "What if: from which risk is it cheapest to act?" in tried
    assert 'name="emergency" value="900000.00"' in tried
    assert plant.rows(STORED) == stored
    assert paula.get(f"{PLACE}/what-if", params={"notice": "soon"}).status_code == 422
    assert "No version scores yet" in paula.get(f"/models/{MODEL}/{TOO_FEW}/what-if").text
