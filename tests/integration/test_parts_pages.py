"""The pages of parts, of a ticket's parts and of returns; forms are sent as a browser without JavaScript does."""

from __future__ import annotations

from typing import Any

import pytest

from domain.ticket import ClosureCode
from service_desk import shelves, tickets
from service_desk.demand_forecast import work_out

from .conftest import HOUR, START


def receive(site: Any, service_centre: str) -> None:
    with site.desk.database.transaction() as connection:
        shelves.receive(
            connection,
            service_centre=service_centre,
            part_no=site.desk.part_no,
            quantity=1,
            who="test",
            now=START,
        )


def test_a_part_is_bought_from_the_list_that_says_why(site: Any) -> None:
    site.desk.predict(site.desk.add_device("d1"), hours=100, risk=0.9)
    order = {"service_centre": "north", "part_no": site.desk.part_no, "quantity": "1", "reference": "PO-1"}
    with site.client() as client:
        page = client.get("/parts/reorder").text
        assert "has not been worked out yet" in page
        assert "covers what tickets wait for" in page
        with site.desk.database.transaction() as connection:
            work_out(connection, site.desk.catalog, now=START)
        page = client.get("/parts/reorder").text
        assert "0 free, 0 on order: order 1" in page
        assert "demand worked out" in page
        assert "has not been worked out yet" not in page
        called_off = {**order, "quantity": "-1", "reference": "PO-1 less one"}
        assert client.post("/parts/order", data=called_off).status_code == 409
        assert client.post("/parts/order", data={**order, "quantity": "0"}).status_code == 422
        for _ in range(2):
            assert client.post("/parts/order", data=order).status_code == 303
        assert "Nothing to buy" in client.get("/parts/reorder").text
        assert client.post("/parts/order", data=called_off).status_code == 303
    assert site.desk.value("SELECT sum(on_order) FROM part_stock") == 0


def test_what_arrived_and_what_was_counted_is_booked_on_the_page_of_parts(site: Any) -> None:
    booking = {"service_centre": "north", "part_no": site.desk.part_no, "quantity": "3", "reference": "DN-1"}
    with site.client() as client:
        assert 'formaction="/parts/receive"' in client.get("/parts").text
        for _ in range(2):
            assert client.post("/parts/receive", data=booking).status_code == 303
        counted = {**booking, "quantity": "0", "reference": "yearly count"}
        assert client.post("/parts/count", data={**counted, "reference": " "}).status_code == 422
        assert client.post("/parts/count", data=counted).status_code == 303
        assert client.post("/parts/receive", data={**booking, "part_no": "NOPE"}).status_code == 404
        assert client.post("/parts/throw", data=booking).status_code == 404
    journal = site.desk.rows("SELECT movement, on_hand_change FROM stock_journal ORDER BY journal_id")
    assert journal == [("receipt", 3), ("adjust", -3)]


def test_a_suggested_transfer_is_sent_and_booked_in_by_its_buttons(site: Any) -> None:
    receive(site, "south")
    ticket_id = site.desk.act(site.desk.predict(site.desk.add_device("d1"), rul_low=90)).ticket_id
    with site.client() as client:
        assert "Lies at south" in client.get(f"/tickets/{ticket_id}").text
        assert "after it is sent" in client.get("/parts").text
        assert client.post("/transfers/1/cancel", data={}).status_code == 422
        assert client.post("/transfers/1/throw", data={}).status_code == 404
        assert client.post("/transfers/1/ship").status_code == 303
        assert client.post("/transfers/1/ship").status_code == 409
        assert "From south, due" in client.get(f"/tickets/{ticket_id}").text
        assert client.post("/transfers/1/arrive").status_code == 303
        assert "To send" not in client.get("/parts").text
    site.desk.check_ledgers()


def test_a_ticket_that_waits_says_when_a_purchase_would_be_there(site: Any) -> None:
    ticket_id = site.desk.act(site.desk.predict(site.desk.add_device("d1"))).ticket_id
    with site.client() as client:
        page = client.get(f"/tickets/{ticket_id}").text
        assert "Buy: there" in page
        assert " late" in page
        [known] = client.get(f"/api/v1/tickets/{ticket_id}/supply").json()
        assert [way["way"] for way in known["ways"]] == ["purchase"]
        assert known["ways"][0]["late_hours"] > 0
        receive(site, "south")
        [known] = client.get(f"/api/v1/tickets/{ticket_id}/supply").json()
        assert [way["service_centre"] for way in known["ways"]] == ["south", "north"]
        assert "south has 1" in client.get(f"/tickets/{ticket_id}").text
        assert client.get("/api/v1/tickets/999/supply").status_code == 404


@pytest.mark.parametrize("restock", [{}, {"restock": "on"}])
def test_a_return_is_received_and_inspected_by_its_buttons(site: Any, restock: dict[str, str]) -> None:
    ticket_id = site.desk.act(site.desk.predict(site.desk.add_device("d1"))).ticket_id
    with site.desk.database.transaction() as connection:
        move = {"ticket_id": ticket_id, "who": "technician", "now": START + 9 * HOUR}
        tickets.start(connection, **move)
        tickets.resolve(connection, **move)
        tickets.close(connection, site.desk.catalog, closure_code=ClosureCode.WORN, **move)
    with site.client() as client:
        assert "Has come back" in client.get("/returns").text
        assert client.post("/returns/1/inspect", data={"findings": "worn"}).status_code == 409
        assert client.post("/returns/1/receive").status_code == 303
        assert client.post("/returns/1/inspect", data={"findings": ""}).status_code == 422
        found = {"findings": "no_fault_found", "note": "<b>as new</b>", **restock}
        assert client.post("/returns/1/inspect", data=found).status_code == 303
        page = client.get("/returns").text
        assert "&lt;b&gt;as new" in page
        assert ("back on the shelf" in page) is bool(restock)
        assert client.post("/returns/1/inspect", data=found).status_code == 409
    site.desk.check_ledgers()


def test_returns_say_what_to_do_while_there_are_none(site: Any) -> None:
    with site.client() as client:
        page = client.get("/returns")
    assert page.status_code == 200
    assert "No ticket is closed yet" in page.text
