"""Lineage, gates, follow-up and booking as their users meet them: over HTTP and on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aftercare.cli.main import main
from domain.ticket import ClosureCode
from service_desk import tickets
from service_desk.follow_up import follow_up_of

if TYPE_CHECKING:
    from .conftest import Desk, Site

NOW = datetime(2026, 1, 3, tzinfo=UTC)
V1 = "/api/v1"
ANNA = {"technician": "anna", "service_centre": "north", "hours": "Mo-Su 06:00-22:00"}


def open_ticket(desk: Desk, name: str = "d1", hours: float = 0) -> int:
    device_id = desk.value("SELECT max(device_id) FROM devices WHERE name = %s", name) or desk.add_device(name)
    opened = desk.act(desk.predict(device_id, hours=hours))
    assert opened.ticket_id is not None
    return int(opened.ticket_id)


def finish(desk: Desk, ticket_id: int, code: ClosureCode, at: datetime = NOW) -> None:
    with desk.database.transaction() as connection:
        if desk.value("SELECT state FROM tickets WHERE ticket_id = %s", ticket_id) == "suggested":
            tickets.accept(connection, desk.catalog, ticket_id=ticket_id, who="planner", now=at)
        tickets.start(connection, ticket_id=ticket_id, who="anna", now=at)
        tickets.resolve(connection, ticket_id=ticket_id, who="anna", now=at)
        tickets.close(connection, desk.catalog, ticket_id=ticket_id, closure_code=code, who="anna", now=at)


def run(monkeypatch: pytest.MonkeyPatch, desk: Desk, *arguments: str) -> int:
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", desk.database.url)
    monkeypatch.setattr("sys.argv", ["aftercare", *arguments])
    with pytest.raises(SystemExit) as leaving:
        main()
    return int(leaving.value.code or 0)


def test_a_ticket_is_traced_back_to_its_readings(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], site: Site
) -> None:
    ticket_id = open_ticket(desk)
    table = desk.device_model.readings_table
    desk.rows(
        f"INSERT INTO {table} (ts, device_id) SELECT '2026-01-01Z'::timestamptz - n * interval '1 hour', 1 "
        "FROM generate_series(0, 2) n"
    )
    assert run(monkeypatch, desk, "lineage", str(ticket_id), "--json") == 0
    links = json.loads(capsys.readouterr().out)
    assert list(links) == ["ticket", "alarm", "prediction", "model_version", "training_run", "readings"]
    assert links["alarm"]["alarm_type"].endswith(desk.failure_mode)
    assert links["model_version"]["model_version_id"] == desk.model_version_id
    assert links["training_run"]["training_run_id"] == 1
    assert (links["readings"]["count"], links["readings"]["last"]["ts"][:10]) == (3, "2026-01-01")
    with site.client() as client:
        assert client.get(f"{V1}/tickets/{ticket_id}/lineage").json()["readings"]["count"] == 3
        assert client.get(f"{V1}/tickets/999/lineage").status_code == 404
    assert run(monkeypatch, desk, "lineage", str(ticket_id)) == 0
    assert "training run:" in capsys.readouterr().out
    assert run(monkeypatch, desk, "lineage", "999") == 1
    assert capsys.readouterr().err == "aftercare: ticket 999 does not exist\n"


def test_a_run_of_no_fault_found_turns_opening_into_suggesting_and_back(desk: Desk, site: Site) -> None:
    states = []
    for number in range(6):
        name = f"d{number}"
        ticket_id = open_ticket(desk, name)
        states.append(desk.value("SELECT state FROM tickets WHERE ticket_id = %s", ticket_id))
        found = ClosureCode.NO_FAULT_FOUND if number < 3 else ClosureCode.CONFIRMED
        desk.rows("UPDATE model_versions SET metrics = '{\"alarm_precision\": 0.9}'")
        finish(desk, ticket_id, found, NOW + timedelta(hours=number))
    assert states == ["open", "open", "open", "suggested", "suggested", "open"]
    with site.client() as client:
        [gate] = client.get(f"{V1}/gates").json()
        history = client.get(f"{V1}/gates/{gate['device_model']}/{gate['failure_mode']}").json()
    assert (gate["auto_open"], gate["right_closures"], gate["wrong_closures"]) == (True, 3, 3)
    assert [one["turned"] for one in history] == [False, True, False, True, False, False]
    assert desk.rows("SELECT action FROM audit_log WHERE object_kind = 'failure_mode' ORDER BY audit_id") == [
        ("gate shut",),
        ("gate opened",),
    ]


def test_the_customer_is_asked_and_a_second_ticket_is_no_first_visit_fix(desk: Desk, site: Site) -> None:
    ticket_id = open_ticket(desk)
    with site.client() as client:
        early = client.post(f"{V1}/tickets/{ticket_id}/feedback", json={"satisfaction": 4})
        assert (early.status_code, "is open" in early.json()["detail"]) == (409, True)
        finish(desk, ticket_id, ClosureCode.CONFIRMED)
        assert client.post(f"{V1}/tickets/{ticket_id}/feedback", json={"satisfaction": 6}).status_code == 422
        for stars in (4, 5):
            given = client.post(f"{V1}/tickets/{ticket_id}/feedback", json={"satisfaction": stars, "comment": "quick"})
            assert given.json() == {"satisfaction": stars, "comment": "quick", "visits": 1, "first_visit_fix": None}

    def fixed(days: float) -> bool | None:
        with desk.database.transaction() as connection:
            found = follow_up_of(connection, ticket_id=ticket_id, now=NOW + timedelta(days=days))
        assert found is not None
        return found.first_visit_fix

    assert (fixed(29), fixed(30)) == (None, True)
    open_ticket(desk, hours=24 * 20)
    assert fixed(30) is False


def test_technicians_come_from_a_file_and_visits_are_booked_over_the_api(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], site: Site, tmp_path: Path
) -> None:
    ticket_id = open_ticket(desk)
    file = tmp_path / "technicians.toml"
    file.write_text(
        '[[technician]]\ntechnician = "anna"\nservice_centre = "north"\nhours = "Mo-Su 06:00-22:00"\n'
        '[[maintenance]]\ndevice = "d1"\nreference = "M-1"\nstarts_at = 2099-01-05T08:00:00Z\n'
        'ends_at = 2099-01-05T10:00:00Z\n[[centre]]\nservice_centre = "north"\nkind = "independent"\n'
    )
    assert run(monkeypatch, desk, "technicians", "import", str(file)) == 0
    assert capsys.readouterr().out == "taken in: 3\n"
    assert run(monkeypatch, desk, "technicians", "list") == 0
    assert "north: 112 h of visits a week" in capsys.readouterr().out
    with site.client() as client:
        offered = client.get(f"{V1}/tickets/{ticket_id}/slots").json()
        assert [one["technician"] for one in offered["offers"]][:1] == ["anna"]
        booked = client.post(f"{V1}/tickets/{ticket_id}/book", json={"version": 1})
        assert (booked.status_code, booked.json()["state"]) == (200, "planned")
        again = client.post(f"{V1}/tickets/{ticket_id}/book", json={"version": 1})
        assert again.status_code == 409
        [visit] = client.get(f"{V1}/visits", params={"technician": "anna"}).json()
        assert visit["tickets"] == [ticket_id]
        [capacity] = client.get(f"{V1}/capacities").json()
        assert (capacity["service_centre"], capacity["hours"], capacity["visits"]) == ("north", 112.0, None)
        changed = client.put(f"{V1}/technicians", json={**ANNA, "version": 1, "weekly_hours": 10})
        assert (changed.status_code, changed.json()["version"]) == (200, 2)
        assert client.put(f"{V1}/technicians", json={**ANNA, "version": 1}).status_code == 409
        assert client.put(f"{V1}/technicians", json={**ANNA, "hours": "sometimes"}).status_code == 422


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[technician]]\n", "technician 2: technician: Field required"),
        ('[[technician]]\ntechnician = "a"\nservice_centre = "nowhere"\n', "no service centre 'nowhere'"),
        ('[[technician]]\nname = "a"\n', "has no field 'name'"),
        ('[[centre]]\nservice_centre = "north"\nkind = "ours"\n', "centre 1: kind"),
        ('[[maintenance]]\ndevice = "d9"\nreference = "M"\nstarts_at = 2099-01-05T08:00:00Z\n'
         "ends_at = 2099-01-05T09:00:00Z\n", "device 'd9' is not registered"),
        ('[[maintenance]]\ndevice = "d9"\nreference = "M"\nstarts_at = 2099-01-05T08:00:00\n'
         "ends_at = 2099-01-05T09:00:00\n", "need an offset"),
        ('[[maintenance]]\ndevice = "d9"\nreference = "M"\nstarts_at = 2001-01-05T08:00:00Z\n'
         "ends_at = 2001-01-05T09:00:00Z\n", "cannot be planned for 2001"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_taken_in_not_at_all(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    text: str,
    told: str,
) -> None:
    file = tmp_path / "technicians.toml"
    file.write_text('[[technician]]\ntechnician = "ben"\nservice_centre = "north"\n' + text)
    assert run(monkeypatch, desk, "technicians", "import", str(file)) == 1
    said: Any = capsys.readouterr()
    assert told in said.err
    assert said.out == "1 rejected, so nothing is taken in\n"
    assert desk.value("SELECT count(*) FROM technicians") == 0


def test_a_planner_books_from_the_tickets_page(desk: Desk, site: Site) -> None:
    ticket_id = open_ticket(desk)
    with site.client() as client:
        assert "Plan the visit" in client.get(f"/tickets/{ticket_id}").text
        best = {"version": "1", "slot": "best"}
        nobody = client.post(f"/tickets/{ticket_id}/schedule", data=best)
        assert (nobody.status_code, "north has no technician" in nobody.text) == (409, True)
        client.put(f"{V1}/technicians", json=ANNA)
        assert client.post(f"/tickets/{ticket_id}/schedule", data=best).status_code == 303
        assert "Planned for" in client.get(f"/tickets/{ticket_id}").text
