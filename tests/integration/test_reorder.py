"""What to buy: from predictions in the database to an order in the journal, by command and over HTTP."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from domain.errors import ConflictError
from service_desk import reorder, shelves
from service_desk.demand import chances_within
from service_desk.demand_forecast import work_out
from service_desk.policy.risk_curve import risk_curve

from .conftest import HOUR, START

if TYPE_CHECKING:
    from .conftest import Desk

V1 = "/api/v1"


def listed(desk: Desk) -> Sequence[reorder.ReorderLine]:
    with desk.database.transaction() as connection:
        return reorder.forecast_now(connection, desk.catalog, now=START).to_order


def test_devices_that_may_fail_are_summed_for_the_centre_that_serves_them(desk: Desk) -> None:
    told = [desk.predict(desk.add_device(f"d{number}"), risk=0.4) for number in range(4)]
    desk.predict(desk.add_device("far", service_centre="south"), risk=0.01)
    [line] = [line for line in listed(desk) if line.part.part_no == desk.part_no and line.service_centre == "north"]
    curve = risk_curve(told[0].prediction)
    length = {"step": np.array([curve.step]), "gone": np.zeros(1)}
    [chance] = chances_within(curve.failed_by[None], window=line.part.lead_time / HOUR, **length)
    assert line.requirement.expected == pytest.approx(4 * chance)
    assert line.requirement.order == line.requirement.needed > 0
    assert line.why.endswith(f"0 free, 0 on order: order {line.requirement.order}")


def test_a_device_whose_ticket_has_its_parts_is_not_counted_again(desk: Desk) -> None:
    desk.act(desk.predict(desk.add_device("d1"), risk=0.9))
    [line] = listed(desk)
    assert line.requirement.expected == 0
    assert line.position.waited_for == 1
    assert line.why.endswith("1 waited for by tickets: order 1")


def test_a_component_that_was_renewed_since_is_not_counted(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    desk.predict(device_id, risk=0.9)
    component = desk.device_model.failure_modes[0].component
    desk.rows(
        "INSERT INTO components (device_id, component, installed_at) VALUES (%s, %s, %s)",
        device_id,
        component,
        START + timedelta(hours=1),
    )
    assert listed(desk) == []


def test_another_centre_that_has_some_to_spare_is_named(desk: Desk) -> None:
    desk.predict(desk.add_device("d1"), risk=0.9)
    with desk.database.transaction() as connection:
        shelves.receive(connection, service_centre="south", part_no=desk.part_no, quantity=2, who="test", now=START)
    [line] = listed(desk)
    assert line.spare == [("south", 2)]
    assert line.why.endswith("order 1; south has 2 to spare")


def test_the_list_is_ordered_once(desk: Desk) -> None:
    desk.predict(desk.add_device("d1"), risk=0.9)

    def order(reference: str) -> Sequence[reorder.ReorderLine]:
        with desk.database.transaction() as connection:
            return reorder.order_missing(
                connection, desk.catalog, reference=reference, who="buyer", now=START, level=0.95
            ).to_order

    assert len(order("PO-1")) == 1
    assert order("PO-1") == order("PO-2") == []
    assert desk.rows("SELECT movement, on_order_change, reference FROM stock_journal") == [("order", 1, "PO-1")]
    for number in range(3):
        desk.predict(desk.add_device(f"more{number}"), risk=0.9)
    with pytest.raises(ConflictError, match="at north is in the journal with 1, not"):
        order("PO-1")
    desk.check_ledgers()


def test_the_list_over_http_says_why_and_is_booked(site: Any) -> None:
    site.desk.predict(site.desk.add_device("d1"), hours=100, risk=0.9)
    with site.desk.database.transaction() as connection:
        work_out(connection, site.desk.catalog, now=START)
    with site.client() as client:
        answer = client.get(f"{V1}/reorder-list").json()
        assert datetime.fromisoformat(answer["as_of"]) == START
        [line] = answer["items"]
        assert line["why"].endswith("order 1")
        order = {key: line[key] for key in ("service_centre", "part_no")}
        order |= {"quantity": line["order"], "reference": "PO-1"}
        booked = [client.post(f"{V1}/orders", json=order) for _ in range(2)]
        assert [answer.status_code for answer in booked] == [201, 201]
        assert booked[1].json()["on_order"] == 1
        assert client.get(f"{V1}/reorder-list").json()["items"] == []
        assert client.get(f"{V1}/reorder-list?level=2").status_code == 422
        assert client.post(f"{V1}/orders", json={**order, "part_no": "NOPE"}).status_code == 404


def test_parts_are_sent_over_http(site: Any) -> None:
    with site.desk.database.transaction() as connection:
        shelves.receive(
            connection, service_centre="south", part_no=site.desk.part_no, quantity=1, who="test", now=START
        )
    outcome = site.desk.act(site.desk.predict(site.desk.add_device("d1"), rul_low=90))
    with site.client() as client:
        way = {"from_centre": "south", "to_centre": "north", "hours": 5}
        assert client.put(f"{V1}/transfer-times", json=way).json() == way
        assert client.get(f"{V1}/transfer-times").json() == [way]
        assert client.put(f"{V1}/transfer-times", json={**way, "to_centre": "south"}).status_code == 422
        [transfer] = client.get(f"{V1}/transfers?state=suggested&ticket={outcome.ticket_id}").json()["items"]
        path = f"{V1}/transfers/{transfer['transfer_id']}"
        assert client.post(f"{path}/arrive").status_code == 409
        shipped = client.post(f"{path}/ship").json()
        assert (shipped["state"], shipped["ticket_id"]) == ("in_transit", outcome.ticket_id)
        assert shipped["arrives_at"]
        assert client.post(f"{path}/ship").status_code == 409
        assert client.post(f"{path}/cancel", json={"reason": "no"}).status_code == 409
        assert client.post(f"{path}/arrive").json()["state"] == "arrived"
        sending = {"part_no": site.desk.part_no, "quantity": 1, "from_centre": "south", "to_centre": "north"}
        assert client.post(f"{V1}/transfers", json=sending).status_code == 409
    site.desk.check_ledgers()


def test_the_command_lists_orders_and_sends(desk: Desk, run_command: Any) -> None:
    desk.predict(desk.add_device("d1"), risk=0.9)
    part_no = desk.part_no
    code, said = run_command("stock", "reorder", "--json")
    assert (code, json.loads(said)["order"]) == (0, 1)
    assert run_command("stock", "reorder", "--order", "PO-1")[1].startswith(f"north  {part_no}  ")
    assert run_command("stock", "reorder")[1].startswith("nothing to order")
    assert "enough" in run_command("stock", "reorder", "--all")[1]
    assert run_command("stock", "receive", "south", part_no, "1")[0] == 0
    assert run_command("stock", "way", "south", "north", "6h") == (0, "south to north takes 6 h\n")
    assert run_command("stock", "send", "south", "north", part_no, "1")[1].endswith("from south to north, in transit\n")
    assert "1  1 " in run_command("stock", "transfers")[1]
    assert run_command("stock", "arrive", "1")[1].endswith("arrived\n")
    assert run_command("stock", "transfers")[1].startswith("nothing is under way")
    desk.check_ledgers()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reorder", "--level", "95"), "95 is not between 0 and 1"),
        (("reorder", "--all", "--order", "PO"), "leave it out"),
        (("way", "south", "north", "soon"), "is not a duration"),
        (("way", "south", "south", "6h"), "name two service centres"),
        (("way", "moon", "south", "6h"), "unknown service centre 'moon'"),
        (("send", "south", "north", "NOPE", "1"), "unknown part 'NOPE'"),
        (("ship", "99"), "transfer 99 does not exist"),
    ],
)
def test_a_wrong_command_is_named(run_command: Any, arguments: tuple[str, ...], message: str) -> None:
    code, said = run_command("stock", *arguments)
    assert code
    assert message in said
