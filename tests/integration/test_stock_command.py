"""`aftercare stock` as a storekeeper and a script use it."""

import json
from functools import partial

import pytest


@pytest.fixture
def run(run_command):
    """Runs `aftercare stock ...`; its exit code, and what it said."""
    return partial(run_command, "stock")


def test_parts_are_ordered_received_counted_and_listed(desk, run):
    part_no = desk.part_no
    order = ("order", "north", part_no, "4", "--reference", "PO-1", "--who", "Ada")
    assert run(*order) == (0, f"north  {part_no}  0 on hand, 0 reserved, 0 free, 4 on order\n")
    assert run(*order) == run(*order)  # a script that repeats it orders nothing twice
    assert run("order", "north", part_no, "-1") == (0, f"north  {part_no}  0 on hand, 0 reserved, 0 free, 3 on order\n")
    code, said = run("receive", "north", part_no, "2", "--json")
    assert (code, json.loads(said)) == (
        0,
        {"service_centre": "north", "part_no": part_no, "on_hand": 2, "allocated": 0, "on_order": 1, "free": 2},
    )
    code, said = run("adjust", "north", part_no, "1", "--reason", "one was broken", "--json")
    assert json.loads(said)["on_hand"] == 1
    assert run("list") == (0, f"north  {part_no}  1 on hand, 0 reserved, 1 free, 1 on order\n")
    assert desk.rows("SELECT movement, on_hand_change, on_order_change, who, reason, reference FROM stock_journal") == [
        ("order", 0, 4, "Ada", "", "PO-1"),
        ("order", 0, -1, "command line", "", None),
        ("receipt", 2, -2, "command line", "", None),
        ("adjust", -1, 0, "command line", "one was broken", None),
    ]
    desk.check_ledgers()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("order", "north", "NOPE", "1"), 1, "unknown part 'NOPE'"),
        (("order", "moon", "{part}", "1"), 1, "unknown service centre 'moon'"),
        (("order", "north", "{part}", "0"), 1, "quantity 0 is not between"),
        (("order", "north", "{part}", "-1"), 1, "0 on order, so 1 cannot be called off"),
        (("order", "north", "{part}", "9" * 30), 1, "is not between"),
        (("order", "north", "{part}", "1", "--reference", ""), 1, "the reference is empty"),
        (("receive", "north", "{part}", "-1"), 1, "quantity -1 is not between"),
        (("adjust", "north", "{part}", "-1", "--reason", "count"), 1, "count of -1 is not between"),
        (("adjust", "north", "{part}", "1", "--reason", ""), 1, "only with a reason"),
        (("adjust", "north", "{part}", "1"), 2, "--reason"),
        (("adjust", "north", "{part}", "some", "--reason", "count"), 2, "'some' is not a valid integer"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_booked(desk, run, arguments, code, message):
    found, said = run(*(argument.format(part=desk.part_no) for argument in arguments))
    assert found == code, said
    assert message in said
    assert "Traceback" not in said
    assert desk.rows("SELECT FROM stock_journal") == []
