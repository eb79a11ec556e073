"""Sites, warranties and contracts on the real database, and what they do to tickets."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from domain.entitlement import Contract, DeviceSale, PauseReason, Site, Warranty
from domain.errors import ConflictError, InvalidInputError, NotFoundError
from service_desk import tickets
from service_desk.entitlement.papers import Paper, keep, keep_sale
from service_desk.entitlement.settling import reassess
from service_desk.sla import clocks
from store import entitlement
from store.tickets import get

if TYPE_CHECKING:
    from .conftest import Desk

NOW = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday, and what a prediction of `hours=0` is as of
WHO = "planner"
HALLE = Site(customer="Acme", site="Halle", time_zone="Europe/Berlin", holidays="DE-ST", travel_cost=7_001)
GOLD = Contract(
    contract_no="C-1",
    customer="Acme",
    valid_from=date(2025, 1, 1),
    response_hours=4.0,
    repair_hours=9.0,
    labour_percent=50,
    travel_percent=33,
)


@pytest.fixture
def device(desk: Desk) -> int:
    device_id = desk.add_device("d1")
    desk.rows("UPDATE devices SET customer = 'Acme', site = 'Halle', installed_at = '2025-06-01' WHERE name = 'd1'")
    store(desk, HALLE)
    return device_id


def store(desk: Desk, paper: Paper) -> Paper:
    with desk.database.transaction() as connection:
        return keep(connection, desk.catalog, paper, who=WHO, now=NOW)


def warranty(desk: Desk, **fields: object) -> Warranty:
    values = {"warranty_no": "W-1", "device_model": desk.device_model.name, "term_months": 24, "parts_percent": 100}
    return store(desk, Warranty(**{**values, **fields}))


def ticket_of(desk: Desk, device_id: int, **prediction: object) -> int:
    ticket_id = desk.act(desk.predict(device_id, **prediction)).ticket_id
    assert ticket_id is not None
    return ticket_id


def told(desk: Desk, ticket_id: int) -> list[str]:
    return [
        what
        for (what,) in desk.rows(
            "SELECT payload->>'change' FROM outbox WHERE kind = 'ticket' AND subject_id = %s ORDER BY outbox_id",
            ticket_id,
        )
    ]


def test_a_ticket_that_opens_bears_who_pays_and_when_it_is_due(desk: Desk, device: int) -> None:
    warranty(desk)
    store(desk, GOLD)
    with desk.database.transaction() as connection:
        ticket = get(connection, ticket_of(desk, device)).ticket
    found = ticket.entitlement
    assert found is not None
    assert found["unknown"] == []
    assert sum(found["payers"].values()) == found["total"] == sum(line["minor"] for line in found["lines"])
    assert all(sum(share["minor"] for share in line["shares"]) == line["minor"] for line in found["lines"])
    by_kind = {line["kind"]: [share["payer"] for share in line["shares"]] for line in found["lines"]}
    assert by_kind == {
        "parts": ["manufacturer"],
        "labour": ["contract", "customer"],
        "travel": ["contract", "customer"],
    }
    # New Year is a holiday: four hours of Friday from 08:00 in Berlin, and nine.
    assert ticket.sla_response_due == datetime(2026, 1, 2, 11, tzinfo=UTC)
    assert ticket.sla_repair_due == datetime(2026, 1, 2, 16, tzinfo=UTC)


def test_without_papers_the_customer_pays_and_what_was_assumed_is_told(desk: Desk) -> None:
    device_id = desk.add_device("d2")
    with desk.database.transaction() as connection:
        ticket = get(connection, ticket_of(desk, device_id)).ticket
    assert ticket.entitlement is not None
    assert ticket.entitlement["payers"]["customer"] == ticket.entitlement["total"]
    assert "is not described, so Mo-Fr 08:00-17:00 UTC counts" in ticket.entitlement["unknown"][0]
    assert (ticket.sla_response_due, ticket.sla_repair_due) == (None, None)


def test_a_contract_that_ended_is_considered_and_does_not_count(desk: Desk, device: int) -> None:
    store(
        desk,
        Contract(
            contract_no="old",
            customer="Acme",
            valid_from=date(2024, 1, 1),
            valid_to=date(2025, 12, 31),
            response_hours=1.0,
            labour_percent=100,
        ),
    )
    with desk.database.transaction() as connection:
        ticket = get(connection, ticket_of(desk, device)).ticket
    assert ticket.entitlement is not None
    assert ticket.entitlement["considered"] == [
        {"kind": "contract", "reference": "old", "applies": False, "reason": "ended on 2025-12-31"}
    ]
    assert ticket.sla_response_due is None


def test_a_suggestion_has_no_clocks_until_it_is_accepted(desk: Desk, device: int) -> None:
    store(desk, GOLD)
    ticket_id = ticket_of(desk, device, precision=0.1)
    assert desk.value("SELECT count(*) FROM sla_clocks") == 0
    later = NOW + timedelta(days=1, hours=9)
    with desk.database.transaction() as connection:
        ticket = tickets.accept(connection, desk.catalog, ticket_id=ticket_id, who=WHO, now=later)
    assert ticket.sla_response_due == datetime(2026, 1, 2, 13, tzinfo=UTC)


def test_clocks_stop_with_the_work_and_a_repair_begun_again_goes_on(desk: Desk, device: int) -> None:
    store(desk, GOLD)
    ticket_id = ticket_of(desk, device)
    stopped = "SELECT kind, stopped_at FROM sla_clocks ORDER BY kind DESC"
    first = NOW + timedelta(hours=1)
    with desk.database.transaction() as connection:
        tickets.start(connection, ticket_id=ticket_id, who=WHO, now=first)
    assert desk.rows(stopped) == [("response", first), ("repair", None)]
    with desk.database.transaction() as connection:
        tickets.resolve(connection, ticket_id=ticket_id, who=WHO, now=first + timedelta(hours=1))
    assert desk.rows(stopped) == [("response", first), ("repair", first + timedelta(hours=1))]
    with desk.database.transaction() as connection:
        tickets.start(connection, ticket_id=ticket_id, who=WHO, now=first + timedelta(hours=2))
    assert desk.rows(stopped) == [("response", first), ("repair", None)]


def test_a_pause_moves_the_due_time_by_its_business_time(desk: Desk, device: int) -> None:
    store(desk, GOLD)
    ticket_id = ticket_of(desk, device)
    began = datetime(2026, 1, 2, 8, tzinfo=UTC)  # 09:00 in Berlin, an hour after it opened
    with desk.database.transaction() as connection:
        paused = clocks.pause(connection, ticket_id=ticket_id, reason=PauseReason.CUSTOMER, who=WHO, now=began)
    assert paused.sla_repair_due == datetime(2026, 1, 2, 16, tzinfo=UTC)
    with desk.database.transaction() as connection, pytest.raises(ConflictError, match="paused already"):
        clocks.pause(connection, ticket_id=ticket_id, reason=PauseReason.PART, who=WHO, now=began)
    assert clocks.watch_clocks(desk.database, NOW + timedelta(days=30)) == 0
    with desk.database.transaction() as connection:
        resumed = clocks.resume(connection, ticket_id=ticket_id, who=WHO, now=datetime(2026, 1, 5, 9, tzinfo=UTC))
    assert resumed.sla_response_due == datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert resumed.sla_repair_due == datetime(2026, 1, 7, 8, tzinfo=UTC)  # Epiphany is a holiday there
    assert desk.rows("SELECT DISTINCT started_at FROM sla_clocks") == [(NOW,)]
    with desk.database.transaction() as connection, pytest.raises(ConflictError, match="not paused"):
        clocks.resume(connection, ticket_id=ticket_id, who=WHO, now=NOW)


def test_a_clock_is_told_of_once_before_and_once_after_it_is_due(desk: Desk, device: int) -> None:
    store(desk, GOLD)
    ticket_id = ticket_of(desk, device)
    assert clocks.watch_clocks(desk.database, datetime(2026, 1, 2, 9, 59, tzinfo=UTC)) == 0
    soon, over = datetime(2026, 1, 2, 10, tzinfo=UTC), datetime(2026, 1, 2, 11, 1, tzinfo=UTC)
    assert [clocks.watch_clocks(desk.database, moment) for moment in (soon, soon, over, over)] == [1, 0, 1, 0]
    assert told(desk, ticket_id) == ["opened", "response_due_soon", "response_breached"]


def test_a_promise_that_is_nearly_missed_is_an_alarm_until_it_is_settled(desk: Desk, device: int) -> None:
    store(desk, GOLD)
    ticket_id = ticket_of(desk, device)
    told_of = "SELECT alarm_type, severity, active FROM alarms WHERE source = 'contract' ORDER BY alarm_id"
    response, repair = (f"sla_{kind}:{desk.failure_mode}" for kind in ("response", "repair"))
    clocks.watch_clocks(desk.database, datetime(2026, 1, 2, 10, tzinfo=UTC))
    assert desk.rows(told_of) == [(response, "MINOR", True)]
    clocks.watch_clocks(desk.database, datetime(2026, 1, 2, 11, 1, tzinfo=UTC))
    assert desk.rows(told_of) == [(response, "MAJOR", True)]
    assert f"Ticket {ticket_id}: the response promised by contract C-1 was due 2026-01-02 11:00 UTC" in desk.value(
        "SELECT message FROM alarms WHERE source = 'contract'"
    )
    with desk.database.transaction() as connection:
        tickets.start(connection, ticket_id=ticket_id, who=WHO, now=datetime(2026, 1, 2, 11, 30, tzinfo=UTC))
    assert desk.rows(told_of) == [(response, "MAJOR", False)], "late, but given"
    later = datetime(2026, 1, 2, 14, tzinfo=UTC)
    clocks.watch_clocks(desk.database, later)
    with desk.database.transaction() as connection:
        tickets.resolve(connection, ticket_id=ticket_id, who=WHO, now=later)
    assert desk.rows(told_of)[1:] == [(repair, "MINOR", False)]
    with desk.database.transaction() as connection:
        tickets.start(connection, ticket_id=ticket_id, who=WHO, now=later)
    clocks.watch_clocks(desk.database, later)
    assert desk.rows(told_of)[2:] == [(repair, "MINOR", True)], "a repair that is begun again is nearly missed again"
    assert desk.value("SELECT count(*) FROM alarms WHERE active AND source = 'prediction'") == 1


def test_what_is_over_is_neither_paused_nor_told_of(desk: Desk, device: int) -> None:
    store(desk, GOLD)
    ticket_id = ticket_of(desk, device)
    with desk.database.transaction() as connection:
        tickets.cancel(connection, ticket_id=ticket_id, reason="scrapped", who=WHO, now=NOW)
    assert clocks.watch_clocks(desk.database, NOW + timedelta(days=90)) == 0
    with desk.database.transaction() as connection, pytest.raises(ConflictError, match="is cancelled"):
        clocks.pause(connection, ticket_id=ticket_id, reason=PauseReason.PART, who=WHO, now=NOW)


def test_a_cause_that_is_excluded_changes_who_pays(desk: Desk, device: int) -> None:
    warranty(desk, excluded_causes=("misuse",))
    ticket_id = ticket_of(desk, device)
    paid = "SELECT (entitlement->'payers'->>'manufacturer')::int FROM tickets"
    assert desk.value(paid) > 0
    with desk.database.transaction() as connection:
        reassess(connection, desk.catalog, ticket_id=ticket_id, cause="misuse", who=WHO, now=NOW + timedelta(days=900))
    assert desk.value(paid) == 0
    assert told(desk, ticket_id)[-1] == "entitlement_decided"


def test_a_warranty_ends_with_the_first_owner(desk: Desk, device: int) -> None:
    warranty(desk, transferable=False)
    with desk.database.transaction() as connection:
        keep_sale(connection, DeviceSale(device="d1", sold_to="Beta", purchased_on=date(2025, 5, 1)), who=WHO, now=NOW)
    ticket_of(desk, device)
    assert "not transferable" in desk.value("SELECT entitlement->'considered'->0->>'reason' FROM tickets")


def test_papers_have_versions_and_name_only_what_there_is(desk: Desk, device: int) -> None:
    first = store(desk, GOLD)
    assert first.version == 1
    assert store(desk, first).version == 2
    with pytest.raises(ConflictError, match="changed by someone else"):
        store(desk, first)
    with pytest.raises(NotFoundError, match="site is not described"):
        store(desk, Contract(contract_no="C-2", customer="Acme", site="Ulm", valid_from=date(2026, 1, 1)))
    with pytest.raises(NotFoundError, match="device 'nobody' is not registered"):
        warranty(desk, device_model="", device="nobody")
    with pytest.raises(InvalidInputError, match="has no device model 'toaster'"):
        warranty(desk, device_model="toaster")
    with pytest.raises(InvalidInputError, match="has no counter 'nothing'"):
        warranty(desk, usage_channel="nothing", usage_limit=1.0)
    with pytest.raises(NotFoundError, match="no such service centre"):
        store(desk, Site(customer="Acme", site="Halle", service_centre="moon"))


def test_a_site_that_names_its_centre_moves_its_devices_there(desk: Desk, device: int) -> None:
    desk.add_device("elsewhere", service_centre="south")
    store(desk, Site(customer="Acme", site="Halle", service_centre="south"))
    assert desk.value("SELECT service_centre FROM devices WHERE device_id = %s", device) == "south"


def test_a_device_finds_its_own_contracts_and_those_of_its_site_and_customer(desk: Desk, device: int) -> None:
    for number, fields in {
        "all": {},
        "device": {"device": "d1"},
        "site": {"site": "Halle"},
    }.items():
        store(desk, Contract(contract_no=number, customer="Acme", valid_from=date(2026, 1, 1), **fields))
    store(desk, Contract(contract_no="other", customer="Beta", valid_from=date(2026, 1, 1)))
    with desk.database.transaction() as connection:
        found = entitlement.list_contracts(connection, device_id=device)
        assert [one.contract_no for one in found] == ["all", "device", "site"]
