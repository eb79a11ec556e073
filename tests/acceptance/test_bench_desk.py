"""The benchmarks of the service desk in a short form: they run and hold what does not depend on the pace."""

from pathlib import Path

import pytest

from tests.acceptance.test_bench import run

pytestmark = pytest.mark.timeout(300)
DATA = Path(__file__).parents[3] / "shared" / "data"


def test_what_flaps_is_one_alarm_and_a_silent_site_is_one_notification(tmp_path):
    figures = run("bench.desk", tmp_path, "--short", "--only", "floods")

    for kind in ("damped rule", "undamped rule", "predictions"):
        assert figures[f"{kind}: changes told"]["value"] > 0
        assert figures[f"{kind}: heard"]["ratio"] == 1
        assert figures[f"{kind}: devices with 2 uncleared alarms"]["value"] == 0
        assert figures[f"{kind}: cases with 2 unsettled tickets"]["value"] == 0
    assert figures["damped rule: changes told"]["met"]
    assert figures["notifications of a site's outage"]["value"] == 1


def test_an_hour_without_a_receiver_loses_nothing(tmp_path):
    figures = run("bench.desk", tmp_path, "--short", "--only", "receivers")

    assert figures["changes lost"]["value"] == figures["out of order within an alarm"]["value"] == 0


def test_a_rush_on_few_parts_leaves_balances_that_add_up(tmp_path):
    figures = run("bench.desk", tmp_path, "--short", "--only", "reservations")

    assert figures["balances that do not add up"]["value"] == figures["deadlocks that surfaced"]["value"] == 0


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the public data sets are not at {DATA}")
def test_the_decision_is_compared_with_other_policies(tmp_path):
    figures = run("bench.desk", tmp_path, "--short", "--only", "policy", "--data", str(DATA))

    assert any("R 30" in name for name in figures)


def test_an_entry_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(AssertionError, match="floods"):
        run("bench.desk", tmp_path, "--only", "everything")
