"""What people read of changes."""

from __future__ import annotations

from datetime import UTC, datetime

from alerts.notices import MOST_LINES, notice_of
from domain.alarm import Severity
from store.outbox import FeedEntry

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def entry(number: int = 1, kind: str = "alarm", **payload: object) -> FeedEntry:
    known: dict[str, object] = {"change": "raised", "severity": "MAJOR", "device": "hp-1", "message": "Filter: 55 Pa"}
    return FeedEntry(number, kind, number, 1, known | payload, AT)


def test_one_change_is_told_by_itself() -> None:
    notice = notice_of([entry()])
    assert (notice.title, notice.body, notice.severity) == ("MAJOR hp-1: raised", "Filter: 55 Pa", Severity.MAJOR)


def test_what_nobody_acknowledged_and_what_is_still_there_is_said_in_words() -> None:
    assert notice_of([entry(change="unacknowledged")]).title == "MAJOR hp-1: nobody has acknowledged it"
    assert notice_of([entry(change="reminded")]).title == "MAJOR hp-1: still active"


def test_an_alarm_about_a_site_or_a_device_model_is_named_after_it() -> None:
    site = entry(device=None, site="Plant 1", customer="Dairy")
    assert notice_of([site]).title == "MAJOR Plant 1: raised"
    assert notice_of([entry(device=None, device_model="heat_pump")]).title == "MAJOR heat_pump: raised"


def test_a_ticket_has_its_number_and_no_severity() -> None:
    ticket = entry(42, "ticket", change="opened", severity=None, message=None, summary="Bearing: in 3 d")
    notice = notice_of([ticket])
    assert (notice.title, notice.body, notice.severity) == ("Ticket 42 hp-1: opened", "Bearing: in 3 d", None)


def test_several_changes_are_one_message_in_their_order_as_urgent_as_the_worst() -> None:
    notice = notice_of([entry(1), entry(2, severity="CRITICAL", device="hp-2"), entry(3, change="cleared")])
    assert notice.title == "Aftercare: 3 changes, up to CRITICAL"
    assert notice.body.splitlines() == [
        "MAJOR hp-1: raised. Filter: 55 Pa",
        "CRITICAL hp-2: raised. Filter: 55 Pa",
        "MAJOR hp-1: cleared. Filter: 55 Pa",
    ]
    assert notice.severity is Severity.CRITICAL


def test_of_very_many_the_latest_are_shown_and_the_others_counted() -> None:
    lines = notice_of([entry(number, device=f"hp-{number}") for number in range(1, MOST_LINES + 4)]).body.splitlines()
    assert len(lines) == MOST_LINES + 1
    assert lines[0].startswith("MAJOR hp-4:")
    assert lines[-1] == "and 3 earlier changes"
