"""The benchmark of console and API in a short form: every page and list answers."""

import pytest

from tests.acceptance.test_bench import run

pytestmark = pytest.mark.timeout(300)


def test_every_page_and_list_is_asked_for_and_the_feed_reaches_everybody(tmp_path):
    figures = run("bench.console", tmp_path, "--short", "--only", "pages", "--only", "lists", "--only", "feed")

    assert {"page: prediction, p95", "list: alarms, p95", "list: customer's tickets, p95"} <= figures.keys()
    assert all(one["value"] > 0 for one in figures.values())
