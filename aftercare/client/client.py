"""The client: each call is one operation of the API, each list is followed to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import TracebackType
from typing import Any

from aftercare.client.calls import Calls, as_query
from aftercare.client.connection import Connection
from aftercare.client.feed import follow
from aftercare.client.logistics import Logistics
from aftercare.client.records import (
    Alarm,
    Change,
    Command,
    Device,
    FollowUp,
    GuidanceFound,
    Manual,
    Part,
    Prediction,
    Sla,
    Technician,
    Telemetry,
    Ticket,
)


class Client:
    """The API of one installation. Times that are given must bear a zone; times that it gives are UTC.

    A request that got no answer, or 429, 502, 503 or 504, is sent again up to `retries` times, after as long as the
    server says. Each change bears an idempotency key, so that it is done once. Errors are those of `domain.errors` with
    the server's words: NotFoundError, InvalidInputError, ConflictError (OvertakenError when `if_match`, the `etag`
    of what was seen, is no longer so), ForbiddenError, NotSignedInError, TooManyAttemptsError, UnavailableError.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str,
        timeout: float = 30.0,
        retries: int = 5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`url`: of the installation, without a path. `timeout`: seconds without a sign of the server."""
        self._connection = Connection(url, token, timeout=timeout, retries=retries, sleep=sleep)
        self._calls = Calls(self._connection)
        self.logistics = Logistics(self._calls)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._connection.http.close()

    def devices(
        self,
        *,
        device_model: str | None = None,
        customer: str | None = None,
        site: str | None = None,
        text: str | None = None,
    ) -> Iterator[Device]:
        """Devices by name."""
        return self._calls.each("/devices", Device, device_model=device_model, customer=customer, site=site, text=text)

    def device(self, name: str) -> Device:
        """One device."""
        return self._calls.get("/devices/{name}", Device, name=name)

    def telemetry(
        self,
        device: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        channels: Sequence[str] | None = None,
        points: int = 500,
    ) -> Telemetry:
        """Readings to draw: at most `points` instants, the extremes of each bucket kept. Default: the last 24 hours."""
        wanted = {"since": since, "until": until, "channels": ",".join(channels) if channels else None}
        return self._calls.get("/devices/{name}/telemetry", Telemetry, name=device, query={**wanted, "points": points})

    def readings(self, device: str, *, since: datetime, until: datetime) -> Iterator[Mapping[str, Any]]:
        """Every reading as the device sent it, oldest first, as it comes over the line: channels by name, and `ts`."""
        query = as_query({"device": device, "since": since, "until": until, "format": "jsonl"})
        with self._connection.stream("/exports/readings", params=query) as answer:
            for line in answer.iter_lines():
                yield json.loads(line)

    def predictions(self, *, device: str | None = None, failure_mode: str | None = None) -> Iterator[Prediction]:
        """Every prediction, newest first."""
        return self._calls.each("/predictions", Prediction, device=device, failure_mode=failure_mode)

    def latest_predictions(self, *, device: str | None = None) -> Iterator[Prediction]:
        """The newest prediction of each device and failure mode."""
        return self._calls.each("/predictions/latest", Prediction, device=device)

    def alarms(
        self,
        *,
        active: bool | None = None,
        severity: str | None = None,
        device: str | None = None,
        acknowledged: bool | None = None,
        shelved: bool | None = None,
        customer: str | None = None,
        site: str | None = None,
    ) -> Iterator[Alarm]:
        """Alarms, newest first."""
        seen = {"active": active, "acknowledged": acknowledged, "shelved": shelved}
        return self._calls.each(
            "/alarms", Alarm, severity=severity, device=device, customer=customer, site=site, **seen
        )

    def alarm(self, alarm_id: int) -> Alarm:
        """One alarm with its `etag`."""
        return self._calls.get("/alarms/{alarm_id}", Alarm, alarm_id=alarm_id)

    def acknowledge_alarm(self, alarm_id: int, *, if_match: str = "") -> Alarm:
        """Note that someone has seen it."""
        return self._calls.post("/alarms/{alarm_id}/acknowledge", Alarm, if_match=if_match, alarm_id=alarm_id)

    def shelve_alarm(self, alarm_id: int, *, until: datetime, if_match: str = "") -> Alarm:
        """Put it out of sight for a while."""
        return self._calls.post("/alarms/{alarm_id}/shelve", Alarm, {"until": until}, if_match, alarm_id=alarm_id)

    def assign_alarm(self, alarm_id: int, assigned_to: str | None, *, if_match: str = "") -> Alarm:
        """Give it to someone, or to nobody."""
        body = {"assigned_to": assigned_to}
        return self._calls.post("/alarms/{alarm_id}/assign", Alarm, body, if_match, alarm_id=alarm_id)

    def tickets(self, *, state: Sequence[str] | None = None, device: str | None = None) -> Iterator[Ticket]:
        """Tickets in any of these states, newest first."""
        return self._calls.each("/tickets", Ticket, state=state, device=device)

    def ticket(self, ticket_id: int) -> Ticket:
        """One ticket."""
        return self._calls.get("/tickets/{ticket_id}", Ticket, ticket_id=ticket_id)

    def accept_ticket(self, ticket_id: int, *, if_match: str = "") -> Ticket:
        """Take up a suggested ticket."""
        return self._calls.post("/tickets/{ticket_id}/accept", Ticket, if_match=if_match, ticket_id=ticket_id)

    def plan_ticket(self, ticket_id: int, *, planned_for: datetime, if_match: str = "") -> Ticket:
        """Set the date of the visit."""
        body = {"planned_for": planned_for}
        return self._calls.post("/tickets/{ticket_id}/plan", Ticket, body, if_match, ticket_id=ticket_id)

    def start_ticket(self, ticket_id: int, *, if_match: str = "") -> Ticket:
        """The technician begins."""
        return self._calls.post("/tickets/{ticket_id}/start", Ticket, if_match=if_match, ticket_id=ticket_id)

    def resolve_ticket(self, ticket_id: int, *, if_match: str = "") -> Ticket:
        """The work is done."""
        return self._calls.post("/tickets/{ticket_id}/resolve", Ticket, if_match=if_match, ticket_id=ticket_id)

    def close_ticket(
        self,
        ticket_id: int,
        closure_code: str,
        *,
        worked_at: datetime | None = None,
        replaced: Sequence[str] = (),
        if_match: str = "",
    ) -> Ticket:
        """Say what was found: confirmed, worn, no_fault_found or other; the next training learns from it."""
        body = {"closure_code": closure_code, "worked_at": worked_at, "replaced": replaced}
        return self._calls.post("/tickets/{ticket_id}/close", Ticket, body, if_match, ticket_id=ticket_id)

    def cancel_ticket(self, ticket_id: int, reason: str, *, if_match: str = "") -> Ticket:
        """Nobody goes; its parts are free again."""
        return self._calls.post(
            "/tickets/{ticket_id}/cancel", Ticket, {"reason": reason}, if_match, ticket_id=ticket_id
        )

    def pause_ticket(self, ticket_id: int, reason: str, *, if_match: str = "") -> list[Sla]:
        """Nobody can go on: waiting_for_customer or waiting_for_part. Its clocks; the ticket has another `etag`."""
        return self._calls.post(
            "/tickets/{ticket_id}/pause", list[Sla], {"reason": reason}, if_match, ticket_id=ticket_id
        )

    def resume_ticket(self, ticket_id: int, *, if_match: str = "") -> list[Sla]:
        """Work can go on. Its clocks; the ticket has another `etag`."""
        return self._calls.post("/tickets/{ticket_id}/resume", list[Sla], if_match=if_match, ticket_id=ticket_id)

    def decide_entitlement(self, ticket_id: int, cause: str, *, if_match: str = "") -> Mapping[str, Any]:
        """Decide anew who pays; the ticket has another `etag`."""
        body = {"cause": cause}
        return self._calls.post("/tickets/{ticket_id}/entitlement", dict[str, Any], body, if_match, ticket_id=ticket_id)

    def give_feedback(self, ticket_id: int, satisfaction: int, comment: str = "", *, if_match: str = "") -> FollowUp:
        """Note how satisfied the customer is, from 1 to 5; the ticket has another `etag`."""
        body = {"satisfaction": satisfaction, "comment": comment}
        return self._calls.post("/tickets/{ticket_id}/feedback", FollowUp, body, if_match, ticket_id=ticket_id)

    def parts(self) -> Iterator[Part]:
        """Parts by number, each with its stock at each service centre."""
        return self._calls.each("/parts", Part)

    def technicians(self, *, service_centre: str | None = None, technician: str | None = None) -> list[Technician]:
        """Who visits devices."""
        wanted = {"service_centre": service_centre, "technician": technician}
        return self._calls.get("/technicians", list[Technician], query=wanted)

    def set_technician(self, technician: Technician) -> Technician:
        """Store one; with a `version` only when nobody has changed it since, else ConflictError."""
        return self._calls.put("/technicians", Technician, asdict(technician))

    def manuals(self, device: str) -> list[Manual]:
        """The manuals of a device's model."""
        return self._calls.get("/devices/{name}/manuals", list[Manual], name=device)

    def manual(self, device_model: str, name: str) -> bytes:
        """A manual's file."""
        return self._calls.content("/manuals/{device_model}/{manual}", device_model=device_model, manual=name)

    def guidance(self, words: str) -> list[GuidanceFound]:
        """What guidance and manuals tell of some words as in a web search, the best first."""
        return self._calls.get("/guidance", list[GuidanceFound], query={"q": words})

    def commands(
        self, *, device: str | None = None, state: str | None = None, ticket_id: int | None = None
    ) -> Iterator[Command]:
        """Remote commands, newest first."""
        return self._calls.each("/commands", Command, device=device, state=state, ticket_id=ticket_id)

    def command(self, command_id: int) -> Command:
        """One command: its state, progress and result."""
        return self._calls.get("/commands/{command_id}", Command, command_id=command_id)

    def send_command(
        self,
        device: str,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        confirmed: bool = False,
        valid_for_seconds: int | None = None,
        ticket_id: int | None = None,
    ) -> Command:
        """Queue a command; `confirmed` for what the catalog asks to confirm. `command()` tells what became of it."""
        body = {"device": device, "command": command, "arguments": arguments or {}, "confirmed": confirmed}
        waits = {"valid_for_seconds": valid_for_seconds, "ticket_id": ticket_id}
        return self._calls.post("/commands", Command, {**body, **waits})

    def cancel_command(self, command_id: int) -> Command:
        """Call back a command that has not gone out."""
        return self._calls.post("/commands/{command_id}/cancel", Command, command_id=command_id)

    def feed(self, *, after: int | None = None) -> Iterator[Change]:
        """Changes of alarms and tickets as they happen, without end; `after`: from that `feed_seq` on, None: from now.

        A lost line is taken up again where it broke: none is missed, none comes twice. Raises UnavailableError when the
        server stays away.
        """
        return follow(self._connection, "/feed", after)
