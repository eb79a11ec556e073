"""The people of the demo, working by API: a planner who takes up suggestions and books visits, and a technician."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

import structlog

from access.accounts import add_program, create_token
from domain.account import Role
from domain.clock import system_clock
from domain.device_model import DeviceModel
from store.database import Connection, Database
from store.outcomes import TicketOutcome, ticket_outcomes

PLANNER, TECHNICIAN = "demo planner", "demo technician"
ROUND_SECONDS = 1.0
log = structlog.get_logger()


class People(threading.Thread):
    """Looks around once a second until `finish()`; what the API refuses is tried again in the next round.

    The technician lets every device run on to its failure and comes then, so that each ticket can be checked against
    what really happened; in service the visit comes first.
    """

    def __init__(
        self,
        database: Database,
        catalog: Mapping[str, DeviceModel],
        url: str,
        since: datetime,
    ) -> None:
        super().__init__(name="people", daemon=True)
        self._database, self._catalog, self._url, self._since = database, catalog, url, since
        self._tokens: Mapping[str, str] = {}
        self._booked: set[int] = set()
        self._done = threading.Event()
        self.closed = 0

    def run(self) -> None:
        self.employ()
        while not self._done.wait(ROUND_SECONDS):
            self.look_around()

    def employ(self) -> None:
        """Make their users, who work by token."""
        with self._database.transaction() as connection:
            self._tokens = {name: _employ(connection, name) for name in (PLANNER, TECHNICIAN)}

    def finish(self) -> None:
        """Stop, after a last look."""
        self._done.set()
        self.join()
        self.look_around()

    def look_around(self) -> None:
        """Take up what is suggested, book visits, and work the open tickets of devices that have failed."""
        try:
            for ticket in self._call("GET", "tickets?state=suggested&limit=200")["items"]:
                self._call("POST", f"tickets/{ticket['ticket_id']}/accept", {}, who=PLANNER)
            self._book_visits()
            with self._database.transaction() as connection:
                tickets = ticket_outcomes(connection, self._catalog, since=self._since)
            for outcome in tickets:
                if outcome.failed_at is not None and outcome.state in ("open", "planned", "in_progress"):
                    self._repair(outcome)
        except urllib.error.HTTPError as error:
            log.info("demo people were refused", url=error.url, status=error.code, body=error.read().decode()[:300])
        except OSError as error:
            log.info("demo people cannot reach the API", why=str(error))

    def _book_visits(self) -> None:
        """Book the best slot for each open ticket; once, for when nobody is free the API says so again and again."""
        for ticket in self._call("GET", "tickets?state=open&limit=200")["items"]:
            if ticket["ticket_id"] in self._booked:
                continue
            self._booked.add(ticket["ticket_id"])
            try:
                self._call("POST", f"tickets/{ticket['ticket_id']}/book", {})
            except urllib.error.HTTPError as error:
                if error.code != HTTPStatus.CONFLICT:
                    raise
                log.info("no visit booked", ticket_id=ticket["ticket_id"], why=json.load(error)["detail"])

    def _repair(self, outcome: TicketOutcome) -> None:
        ticket = f"tickets/{outcome.ticket_id}"
        if outcome.state in ("open", "planned"):
            self._call("POST", f"{ticket}/start", {}, who=TECHNICIAN)
        self._call("POST", f"{ticket}/resolve", {}, who=TECHNICIAN)
        self._call("POST", f"{ticket}/close", {"closure_code": "confirmed"}, who=TECHNICIAN)
        self.closed += 1

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, who: str = PLANNER) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own API on loopback
            f"{self._url}/api/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._tokens[who]}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)


def _employ(connection: Connection, name: str) -> str:
    """The token of a new user."""
    now = system_clock()
    add_program(connection, name=name, role=Role.PLANNER, who="demo", now=now)
    return create_token(connection, name, label="demo", who="demo", now=now).token
