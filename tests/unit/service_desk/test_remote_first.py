"""Whether a run comes before a ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.troubleshooting import Outcome, Standing, Starts
from service_desk.remote_first import Remote, remote_first

NOW = datetime(2026, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def mode(catalog):
    return catalog["compressor"].failure_mode("clogged_intake_filter")


def ended(outcome, days):
    return Standing(NOW - (days + 1) * DAY, NOW - days * DAY, outcome, by_prediction=True)


@pytest.mark.parametrize(
    ("latest", "remote"),
    [
        (None, Remote.BEGINS),
        (Standing(NOW, None, None, by_prediction=True), Remote.UNDER_WAY),
        (Standing(NOW - DAY / 2, None, None, by_prediction=True), Remote.UNDER_WAY),
        (Standing(NOW - DAY, None, None, by_prediction=True), Remote.NOTHING),
        (Standing(NOW, None, None, by_prediction=False), Remote.NOTHING),
        (ended(Outcome.FIXED, 1), Remote.FIXED),
        (ended(Outcome.FIXED, 3), Remote.NOTHING),
        (ended(Outcome.FIXED, 8), Remote.BEGINS),
        (ended(Outcome.NO_FAULT, 1), Remote.NO_FAULT),
        (ended(Outcome.TICKET, 1), Remote.NOTHING),
        (ended(Outcome.STOPPED, 1), Remote.NOTHING),
        (ended(Outcome.WITHDRAWN, 1), Remote.BEGINS),
    ],
)
def test_a_run_comes_first_and_its_answer_stands_for_a_while(mode, latest, remote):
    assert remote_first(mode, latest, NOW) is remote


def test_without_a_tree_that_starts_by_prediction_a_ticket_opens(mode):
    assert remote_first(replace(mode, troubleshooting=None), None, NOW) is Remote.NOTHING
    by_request = replace(mode.troubleshooting, starts=Starts.REQUEST)
    assert remote_first(replace(mode, troubleshooting=by_request), None, NOW) is Remote.NOTHING
