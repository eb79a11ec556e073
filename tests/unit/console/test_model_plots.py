"""The plots of a report: what lies where, and what is said when there is little to show."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aftercare.wiring import load_catalog
from console.model_plots import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Plot, cost_plot, lead_plot, reliability_plot
from console.model_report import report_file, view_report
from tests.model_reports import some_report


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return some_report(load_catalog()["turbofan_fd001"].failure_modes[0])


@pytest.fixture(scope="module")
def split(report: dict[str, Any]) -> dict[str, Any]:
    return dict(report["splits"][0])


def inside(plot: Plot) -> bool:
    """Whether all of it lies within the axes."""
    across = [*(p.x for p in plot.points), *(b.x for b in plot.bars), *(t.at for t in plot.x_ticks)]
    up = [*(e for p in plot.points for e in (p.y, p.low, p.high)), *(b.y for b in plot.bars)]
    for x, y in re.findall(r"([\d.]+),([\d.]+)", plot.line + plot.guide):
        across.append(float(x))
        up.append(float(y))
    return min(across) >= LEFT and max(across) <= WIDTH - RIGHT and min(up) >= TOP and max(up) <= HEIGHT - BOTTOM


def test_reliability(split: dict[str, Any]) -> None:
    plot = reliability_plot(split)
    assert len(plot.points) == len(split["reliability"])
    assert all(point.low >= point.y >= point.high for point in plot.points), "upwards is less in SVG"
    assert inside(plot)


def test_leads_are_told_in_hours_or_days(split: dict[str, Any]) -> None:
    plot = lead_plot(split)
    assert plot.x_title.endswith("hours")
    assert sum(bar.height > 0 for bar in plot.bars) == sum(count > 0 for count in split["leads"]["counts"])
    assert plot.mark is not None
    assert inside(plot)
    longer = split["leads"] | {"edges": [edge * 20 for edge in split["leads"]["edges"]]}
    assert lead_plot(split | {"leads": longer}).x_title.endswith("days")
    assert inside(lead_plot(split | {"leads": longer}))
    assert inside(lead_plot(split | {"leads": split["leads"] | {"counts": [0] * 12}}))


def test_cost_marks_the_threshold_and_needs_a_failure(split: dict[str, Any]) -> None:
    plot = cost_plot(split, 0.3)
    assert plot is not None
    assert plot.mark is not None
    assert [tick.at for tick in plot.x_ticks if tick.label == "30%"] == [plot.mark.at]
    assert inside(plot)
    assert cost_plot(split, 0.9999) is not None
    assert cost_plot(split | {"cost": split["cost"] | {"run_to_failure": 0}}, 0.3) is None


def test_a_report_file_needs_nothing_else_and_trusts_no_title(report: dict[str, Any]) -> None:
    page = report_file([("<script>alert(1)</script>", report)])
    assert "<script" not in page
    assert not re.search(r"""(src|href|url)\s*[=(]""", page)
    assert page.count("<svg") == 6
    for text in ("Is the risk true?", "How early is the alarm?", "cheapest to act", "90 % interval", "other devices"):
        assert text in page


def test_a_report_without_a_split_by_time_says_why(report: dict[str, Any]) -> None:
    alone = report | {"splits": report["splits"][:1], "time_split_missing": "all on one day"}
    assert view_report(alone).columns == ["other devices"]
    assert "Not measured: all on one day." in report_file([("pump", alone)])
