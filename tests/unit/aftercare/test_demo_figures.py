"""The demo's figures: what counts as lost, as false, and what it costs."""

from datetime import UTC, datetime, timedelta

import pytest

from aftercare.cli.demo.figures import count_readings, summarise
from store.outcomes import FailureOutcome, TicketOutcome
from store.troubleshooting import RemoteFix

T = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MODEL, MODE = "turbofan_fd001", "hpc_degradation"


@pytest.fixture
def mode(catalog):
    return catalog[MODEL].failure_mode(MODE)


@pytest.fixture
def fleet(catalog):
    return {MODEL: catalog[MODEL]}


def failure(opened_hours_before, reserved_hours_before):
    return FailureOutcome(
        "e1", MODEL, MODE, T, 1,
        None if opened_hours_before is None else T - opened_hours_before * HOUR,
        None if reserved_hours_before is None else T - reserved_hours_before * HOUR,
    )  # fmt: skip


def ticket(opened_at, failed_at):
    return TicketOutcome(1, "e1", MODEL, MODE, opened_at, "open", failed_at, T)


def test_readings_that_are_missing_or_too_many_are_counted():
    sent = [("a", T), ("a", T + HOUR), ("b", T), ("a", T)]
    stored = [("a", T), ("b", T), ("b", T)]

    counts = count_readings(sent, stored)

    assert (counts.sent, counts.stored, counts.lost, counts.doubled) == (3, 3, 1, 1)


def test_a_visit_in_time_costs_less_than_one_too_late(fleet, mode):
    lead = mode.lead_time / HOUR
    in_time = summarise([failure(lead + 1, lead + 1)], [], fleet, until=T)
    late = summarise([failure(lead - 1, lead - 1)], [], fleet, until=T)
    without_part = summarise([failure(lead + 1, None)], [], fleet, until=T)
    without_ticket = summarise([failure(None, None)], [], fleet, until=T)

    assert in_time.cost_run_to_failure - in_time.cost == (
        mode.costs.emergency_visit.minor - mode.costs.planned_visit.minor
    )
    assert late.cost == without_part.cost == without_ticket.cost == without_ticket.cost_run_to_failure
    assert (in_time.tickets_before_failure, without_ticket.tickets_before_failure) == (1, 0)
    assert (in_time.parts_reserved_before_failure, without_part.parts_reserved_before_failure) == (1, 0)
    assert late.median_lead_time_hours == lead - 1


@pytest.mark.parametrize(
    ("failed_after", "until_after", "verdict"),
    [
        (1.0, 3.0, (0, 0)),
        (2.5, 3.0, (1, 0)),
        (None, 3.0, (1, 0)),
        (None, 1.5, (0, 1)),
    ],
)
def test_a_ticket_is_false_when_no_failure_follows_in_twice_the_horizon(
    fleet, mode, failed_after, until_after, verdict
):
    failed_at = None if failed_after is None else T + failed_after * mode.horizon

    figures = summarise([], [ticket(T, failed_at)], fleet, until=T + until_after * mode.horizon)

    assert (figures.false_tickets, figures.undecided_tickets) == verdict
    assert figures.cost == verdict[0] * mode.costs.needless_visit.minor


def test_a_remote_fix_saves_the_emergency_that_it_averted(fleet, mode):
    fixes = [RemoteFix(device, MODEL, MODE, T) for device in ("e1", "e2")]

    figures = summarise([], [], fleet, until=T, fixes=fixes, averted=fixes[:1])

    assert (figures.settled_remotely, figures.averted_failures, figures.cost) == (2, 1, 0)
    assert figures.saved_remotely == figures.cost_run_to_failure >= mode.costs.emergency_visit.minor
