"""Which shelf a kit line is taken from, with three centres and a day to go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.device_model import KitLine
from domain.errors import NotFoundError
from domain.stock import Network, Stock
from service_desk.sourcing import Way, merge_lines, options, plan_kit

NOW = datetime(2026, 1, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
LINE = KitLine("P1", 2, ("S1", "S2"))
TRAVEL = {"near": 4 * HOUR, "far": 30 * HOUR}
LEAD_TIMES = {"P1": 48 * HOUR, "P2": 48 * HOUR}


def network(*stock: tuple[str, str, int]) -> Network:
    balances = [Stock(centre, part_no, free + 1, 1, 0) for centre, part_no, free in stock]
    return Network("home", balances, TRAVEL, LEAD_TIMES)


@pytest.mark.parametrize(
    ("stock", "way", "part_no", "centre", "hours"),
    [
        ([("home", "P1", 2), ("near", "P1", 9)], Way.SHELF, "P1", "home", 0),
        ([("home", "P1", 1), ("near", "P1", 2), ("far", "P1", 2)], Way.TRANSFER, "P1", "near", 4),
        ([("home", "S1", 2), ("near", "P1", 2)], Way.TRANSFER, "P1", "near", 4),
        ([("home", "S1", 2), ("far", "P1", 2)], Way.SHELF, "S1", "home", 0),
        ([("home", "S2", 2), ("near", "S1", 2)], Way.TRANSFER, "S1", "near", 4),
        ([("far", "P1", 2)], Way.TRANSFER, "P1", "far", 30),
        ([("home", "P1", 1), ("near", "P1", 1)], Way.PURCHASE, "P1", "home", 48),
        ([], Way.PURCHASE, "P1", "home", 48),
    ],
)
def test_the_nearest_shelf_in_time_then_a_substitute_then_what_comes_first(
    stock: list[tuple[str, str, int]], way: Way, part_no: str, centre: str, hours: float
) -> None:
    [supply] = plan_kit([LINE], network(*stock), need_by=NOW + 24 * HOUR, now=NOW)
    source = supply.source
    assert (source.way, source.part_no, source.service_centre) == (way, part_no, centre)
    assert source.arrives_at == NOW + hours * HOUR
    assert source.late(NOW + 24 * HOUR) == max(hours - 24, 0) * HOUR


def test_a_part_on_the_own_shelf_is_in_time_even_for_what_was_needed_yesterday() -> None:
    stock = network(("home", "S1", 2), ("near", "P1", 2))
    [supply] = plan_kit([LINE], stock, need_by=NOW - 24 * HOUR, now=NOW)
    assert supply.source.part_no == "S1"
    assert not supply.source.late(NOW - 24 * HOUR)


def test_a_purchase_that_comes_before_a_late_transfer_is_bought() -> None:
    stock = Network("home", [Stock("far", "P1", 2, 0, 0)], {"far": 60 * HOUR}, LEAD_TIMES)
    [supply] = plan_kit([LINE], stock, need_by=NOW + 24 * HOUR, now=NOW)
    assert supply.source.way is Way.PURCHASE


def test_no_stock_is_counted_twice() -> None:
    kit = [KitLine("P1", 1, ("P2",)), KitLine("P2", 1)]
    first, second = plan_kit(kit, network(("home", "P2", 1)), need_by=NOW, now=NOW)
    assert (first.source.way, first.source.part_no) == (Way.SHELF, "P2")
    assert second.source.way is Way.PURCHASE


def test_every_option_is_told_with_the_purchase_last() -> None:
    told = options(LINE, network(("home", "S1", 2), ("far", "P1", 2), ("near", "S1", 2)), now=NOW)
    assert [(source.way, source.part_no, source.service_centre) for source in told] == [
        (Way.TRANSFER, "P1", "far"),
        (Way.SHELF, "S1", "home"),
        (Way.TRANSFER, "S1", "near"),
        (Way.PURCHASE, "P1", "home"),
    ]


def test_a_part_listed_twice_is_one_line_with_all_its_substitutes() -> None:
    kit = [KitLine("P1", 1, ("S1",)), KitLine("P2", 1), KitLine("P1", 1, ("S2", "S1"))]
    assert merge_lines(kit) == [KitLine("P1", 2, ("S1", "S2")), KitLine("P2", 1)]


def test_a_part_of_no_catalog_is_named() -> None:
    with pytest.raises(NotFoundError, match="unknown part 'NOPE'"):
        plan_kit([KitLine("NOPE", 1)], network(), need_by=NOW, now=NOW)
