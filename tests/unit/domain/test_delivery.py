"""Quiet hours by the person's clock, and what a subscription lets pass."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from domain.delivery import Change, Person, QuietHours, Subscription

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(time(22), time(6, 30))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        (NIGHT, "2026-01-10T21:59:59+01:00", None),
        (NIGHT, "2026-01-10T22:00:00+01:00", "2026-01-11T06:30:00+01:00"),
        (NIGHT, "2026-01-11T00:30:00+01:00", "2026-01-11T06:30:00+01:00"),
        (NIGHT, "2026-01-11T06:30:00+01:00", None),
        (QuietHours(time(12), time(13)), "2026-01-11T12:30:00+01:00", "2026-01-11T13:00:00+01:00"),
        (QuietHours(time(12), time(13)), "2026-01-11T13:00:00+01:00", None),
        # The clocks go forward at 02:00 on 29 March 2026 and back at 03:00 on 25 October 2026.
        (NIGHT, "2026-03-28T23:00:00+01:00", "2026-03-29T06:30:00+02:00"),
        (NIGHT, "2026-03-29T05:00:00+02:00", "2026-03-29T06:30:00+02:00"),
        (NIGHT, "2026-10-24T23:00:00+02:00", "2026-10-25T06:30:00+01:00"),
        (NIGHT, "2026-10-25T02:30:00+01:00", "2026-10-25T06:30:00+01:00"),
    ],
)
def test_quiet_hours_are_those_of_the_persons_clock(quiet: QuietHours, now: str, until: str | None) -> None:
    assert quiet.until(at(now), BERLIN) == (at(until) if until else None)


def test_what_is_critical_passes_unless_the_person_says_no() -> None:
    now, morning = at("2026-01-10T23:00:00+01:00"), at("2026-01-11T06:30:00+01:00")
    person = Person("alice", "Europe/Berlin", quiet_hours=NIGHT)
    assert person.told_from("CRITICAL", now) == now
    assert person.told_from("MAJOR", now) == morning
    assert Person("bob", "Europe/Berlin", (), NIGHT, critical_passes=False).told_from("CRITICAL", now) == morning


ALARM = Change("alarm", "raised", "MAJOR", "hp-1", "heat_pump", "Dairies", "Plant 2")


@pytest.mark.parametrize(
    ("subscription", "wanted"),
    [
        (Subscription(), True),
        (Subscription(severities=("CRITICAL", "MAJOR")), True),
        (Subscription(severities=("CRITICAL",)), False),
        (Subscription(sites=("Plant 1",)), False),
        (Subscription(sites=("Plant 2",), customers=("Others",)), False),
        (Subscription(device_models=("heat_pump",), changes=("raised",)), True),
        (Subscription(kinds=("ticket",)), False),
    ],
)
def test_a_subscription_lets_pass_what_every_list_of_it_names(subscription: Subscription, wanted: bool) -> None:
    assert subscription.wants(ALARM) is wanted


def test_severities_are_no_matter_of_tickets() -> None:
    assert Subscription(kinds=("ticket",), severities=("CRITICAL",)).wants(Change("ticket", "opened"))
