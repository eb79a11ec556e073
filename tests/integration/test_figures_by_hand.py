"""Figures of any period of any history, told late and corrected, are those that one would count by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from store import figures
from store.figures import BEHIND_CLOSED, Closures, Scope

from .conftest import HOUR, START

if TYPE_CHECKING:
    from store.database import Connection

    from .conftest import Desk

DAY = timedelta(days=1)
PROOF = 30 * DAY
MODES = {"leak": "F-2", "wear": "F-1"}
CUSTOMERS, CENTRES = ("acme", "acme", "globex"), ("north", "south", "south")
STATES, CODES = (
    ("closed", "closed", "closed", "cancelled", "resolved"),
    ("confirmed", "worn", "no_fault_found", "other"),
)


@dataclass(frozen=True)
class Told:
    """A ticket as it stands in the end; days count from START. was: its state and closure code before a correction."""

    device: int
    failure_mode: str
    state: str
    opened: int
    lasts: int
    notice: int
    code: str
    predicted: bool
    started: int
    was: tuple[str, str]

    @property
    def opened_at(self) -> datetime:
        return START + self.opened * DAY

    @property
    def closed_at(self) -> datetime:
        return self.opened_at + self.lasts * DAY


@dataclass(frozen=True)
class Failed:
    """A failure that a device told of."""

    device: int
    day: int
    code: str


DAYS = st.integers(0, 90)
TICKETS = st.builds(
    Told,
    device=st.integers(0, 2),
    failure_mode=st.sampled_from(list(MODES)),
    state=st.sampled_from(STATES),
    opened=DAYS,
    lasts=st.integers(0, 20),
    notice=st.integers(1, 500),
    code=st.sampled_from(CODES),
    predicted=st.booleans(),
    started=st.integers(0, 2),
    was=st.tuples(st.sampled_from(STATES), st.sampled_from(CODES)),
)
FAILURES = st.builds(Failed, device=st.integers(0, 2), day=DAYS, code=st.sampled_from(["F-1", "F-2", "E-9"]))
RECLASSIFIED = Told(0, "wear", "closed", 0, 10, 24, "worn", True, 1, ("closed", "other"))
TWICE = Told(0, "wear", "closed", 39, 10, 24, "no_fault_found", True, 2, ("cancelled", "other"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([RECLASSIFIED, TWICE], {Failed(0, 5, "F-1")}, 0, 60, 100, "", "")
@given(
    st.lists(TICKETS, max_size=10),
    st.sets(FAILURES, max_size=6),
    DAYS,
    st.integers(1, 60),
    st.integers(0, 150),
    st.sampled_from(["", "acme"]),
    st.sampled_from(["", "south"]),
)
def test_figures_are_those_counted_by_hand(
    desk: Desk,
    tickets: list[Told],
    failures: set[Failed],
    since: int,
    days: int,
    today: int,
    customer: str,
    centre: str,
) -> None:
    model, begin = desk.device_model.name, START + since * DAY
    codes = [(model, code, mode) for mode, code in MODES.items()]
    scope = Scope(begin, begin + days * DAY, START + today * DAY, PROOF, codes, customer or None, centre or None)
    with desk.database.transaction() as connection, connection.transaction(force_rollback=True):
        ids = tell(connection, desk, tickets, failures)
        judged = [
            (ids[n], one, judge(n, tickets, failures, scope)) for n, one in enumerate(tickets) if counts(one, scope)
        ]
        by_mode = {mode: [found for found in judged if found[1].failure_mode == mode] for mode in MODES}
        assert figures.closures(connection, scope) == [
            summed(None, None, judged),
            *(summed(model, mode, found) for mode, found in by_mode.items() if found),
        ]
        for figure in BEHIND_CLOSED:
            behind = sorted((ticket_id for ticket_id, _, true in judged if figure in true), reverse=True)
            assert figures.tickets_behind(connection, scope, figure, limit=100) == behind, figure


def tell(connection: Connection, desk: Desk, tickets: Sequence[Told], failures: set[Failed]) -> list[int]:
    """Write it in the order of the list, and correct it afterwards, the newest ticket first; ids of the tickets."""
    connection.execute(b"INSERT INTO service_centres VALUES ('north'), ('south') ON CONFLICT DO NOTHING")
    devices, predictions, ids = [], [], []
    for number, (customer, centre) in enumerate(zip(CUSTOMERS, CENTRES, strict=True)):
        [(device_id,)] = connection.execute(
            b"INSERT INTO devices (name, device_model, service_centre, customer) VALUES (%s, %s, %s, %s) "
            b"RETURNING device_id",
            (f"press-{number}", desk.device_model.name, centre, customer),
        )
        [(prediction_id,)] = connection.execute(
            b"INSERT INTO predictions (device_id, failure_mode, as_of, horizon, risk, rul, rul_low, rul_high, "
            b"model_version_id, created_at) "
            b"VALUES (%s, 'wear', now(), '14 days', 0.5, '1 day', '1 day', '1 day', %s, now()) RETURNING prediction_id",
            (device_id, desk.model_version_id),
        )
        devices.append(device_id)
        predictions.append(prediction_id)
    for one in tickets:
        state, code = one.was
        [(ticket_id,)] = connection.execute(
            b"INSERT INTO tickets (device_id, failure_mode, state, priority, summary, opened_at, need_by, closed_at, "
            b"closure_code, prediction_id) VALUES (%s, %s, %s, 3, '', %s, %s, %s, %s, %s) RETURNING ticket_id",
            (
                devices[one.device],
                one.failure_mode,
                state,
                one.opened_at,
                one.opened_at + one.notice * HOUR,
                one.closed_at,
                code,
                predictions[one.device] if one.predicted else None,
            ),
        )
        ids.append(ticket_id)
    for ticket_id, one in reversed(list(zip(ids, tickets, strict=True))):
        connection.execute(
            b"INSERT INTO ticket_events (ticket_id, at, who, what) "
            b"SELECT %s, now(), 'x', what FROM generate_series(1, %s), (VALUES ('started'), ('resolved')) w (what)",
            (ticket_id, one.started),
        )
        connection.execute(
            b"UPDATE tickets SET state = %s, closure_code = %s WHERE ticket_id = %s", (one.state, one.code, ticket_id)
        )
    for failed in failures:
        connection.execute(
            b"INSERT INTO device_events (ts, device_id, kind, code) VALUES (%s, %s, 'failure', %s)",
            (START + failed.day * DAY, devices[failed.device], failed.code),
        )
    return ids


def counts(one: Told, scope: Scope) -> bool:
    return (
        one.state == "closed"
        and scope.since <= one.closed_at < scope.until
        and scope.customer in (None, CUSTOMERS[one.device])
        and scope.service_centre in (None, CENTRES[one.device])
    )


def judge(number: int, tickets: Sequence[Told], failures: set[Failed], scope: Scope) -> set[str]:
    """The figures that count one ticket."""
    one = tickets[number]
    failed = any(
        (each.device, each.code) == (one.device, MODES[one.failure_mode])
        and one.opened_at <= (at := START + each.day * DAY) <= one.closed_at
        and at < scope.until
        for each in failures
    )
    again = one.started > 1 or any(
        (later.device, later.failure_mode) == (one.device, one.failure_mode)
        and later.state != "cancelled"
        and later.opened_at < one.closed_at + PROOF
        for later in tickets[number + 1 :]
    )
    right = one.code in ("confirmed", "worn")
    judged = one.predicted and one.code != "other"
    true = {
        "closed": True,
        "avoided": right and not failed,
        "foreseen": right and failed,
        "judged": judged,
        "right": judged and right,
        "no_fault_found": one.code == "no_fault_found",
        "not_fixed": again,
        "fixed_at_once": not again and one.closed_at + PROOF <= scope.now,
    }
    return {figure for figure, counted in true.items() if counted}


def summed(
    device_model: str | None, failure_mode: str | None, judged: Sequence[tuple[int, Told, set[str]]]
) -> Closures:
    count = Counter(figure for _, _, true in judged for figure in true)
    notices = [one.notice for _, one, true in judged if true & {"avoided", "foreseen"}]
    return Closures(
        device_model,
        failure_mode,
        closed=len(judged),
        avoided=count["avoided"],
        foreseen=count["foreseen"],
        judged=count["judged"],
        right=count["right"],
        no_fault_found=count["no_fault_found"],
        followed=count["fixed_at_once"] + count["not_fixed"],
        fixed_at_once=count["fixed_at_once"],
        notice=median(notices) * HOUR if notices else None,
    )
