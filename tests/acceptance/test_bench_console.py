"""The benchmark of console and API in a short form: every page and list answers, for the maker and for a customer."""

import pytest

from tests.acceptance.test_bench import run

pytestmark = pytest.mark.timeout(300)


def test_every_page_and_list_is_asked_for_and_the_feed_reaches_everybody(tmp_path):
    figures = run("bench.console", tmp_path, "--short", "--only", "pages", "--only", "lists", "--only", "feed")

    assert {"page: prediction, p95", "list: alarms, p95", "list: customer's tickets, p95"} <= figures.keys()
    assert {"page: customer's device, p95", "page: charts, a year at 1 Hz, p95"} <= figures.keys()
    assert "list: customer's parts, p95" not in figures
    assert all(one["value"] > 0 for one in figures.values())
