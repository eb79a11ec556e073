"""Instants of history in the importer's time zone."""

from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from ingest.history_instants import Instants

BERLIN = ZoneInfo("Europe/Berlin")
NOON_US = 1_769_860_800_000_000


@pytest.mark.parametrize(
    "field",
    ["2026-01-31T13:00:00", "2026-01-31 13:00", "2026-01-31T12:00:00Z", "2026-01-31 07:00:00-05:00", "1769860800000"],
)
def test_only_an_instant_without_a_zone_is_local(field):
    ts, reasons = Instants(BERLIN).read(pd.Series([field], dtype=object))

    assert ts.tolist() == [NOON_US]
    assert reasons.tolist() == [""]


def test_local_datetimes_of_a_frame_and_forms_that_are_mixed():
    naive = pd.Series(pd.to_datetime(["2026-01-31 13:00", None]))
    ts, reasons = Instants(BERLIN).read(naive)
    assert ts[0] == NOON_US
    assert reasons[1].startswith("ts is not an instant")

    mixed = pd.Series(["2026-01-31T13:00:00", "1769860800000", "nonsense", "2026-01-31T12:00:00+00:00"])
    ts, reasons = Instants(BERLIN).read(mixed)
    assert ts[[0, 1, 3]].tolist() == [NOON_US] * 3
    assert (reasons != "").tolist() == [False, False, True, False]


@pytest.mark.parametrize("field", ["2026-03-29T02:30:00", "2026-10-25T02:30:00"])
def test_an_hour_that_summer_time_leaves_out_or_repeats_is_refused(field):
    _, [reason] = Instants(BERLIN).read(pd.Series([field], dtype=object))

    assert "Europe/Berlin show twice or never" in reason


def test_what_lies_in_the_future_is_refused():
    _, reasons = Instants(before=NOON_US).read(pd.Series(["2026-01-31T11:59:59Z", "2026-01-31T12:00:00Z"]))

    assert (reasons != "").tolist() == [False, True]
