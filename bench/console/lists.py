"""Every list of the API: at its start, deep inside and filtered; 50 rows each unless it says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from api.paging import write_cursor
from bench.console.pages import GOAL as PAGE_GOAL
from bench.console.pages import OF_CUSTOMER
from bench.console.questions import API, Question, each

GOAL = 50.0


def lists(found: Mapping[str, list[Any]], now: datetime) -> list[Question]:
    """Lists by their name. What is counted or told of everything at once is no list, and may take as long as a page."""
    year = f"{now - timedelta(days=365):%Y-%m-%dT%H:%M:%SZ}"
    asked = {
        "alarms": "/alarms",
        "alarms, active": "/alarms?active=true",
        "alarms, active and critical": "/alarms?active=true&severity=CRITICAL",
        "alarms, unseen": "/alarms?active=true&acknowledged=false",
        "alarms, shelved": "/alarms?shelved=true",
        "alarms, deferred": "/alarms?deferred=true",
        "alarms, deep": f"/alarms?after={write_cursor(found['middle_alarm'][0])}",
        "alarms of a customer": f"/alarms?{OF_CUSTOMER}",
        "devices": "/devices",
        "devices of a customer": f"/devices?{OF_CUSTOMER}",
        "devices, deep": f"/devices?after={write_cursor('dev-050000')}",
        "devices, text search": "/devices?text=sn-77",
        "devices, text of none": "/devices?text=nowhere",
        "sites": "/sites",
        "site descriptions": "/sites/descriptions",
        "predictions": "/predictions",
        "predictions, deep": f"/predictions?after={write_cursor(found['middle_prediction'][0])}",
        "predictions of an unknown mode": "/predictions?failure_mode=nothing",
        "latest predictions": "/predictions/latest",
        "latest predictions, deep": f"/predictions/latest?after={write_cursor(found['middle_device'][0], 'zzz')}",
        "tickets": "/tickets",
        "tickets, open": "/tickets?state=open",
        "tickets, deep": f"/tickets?after={write_cursor(found['middle_ticket'][0])}",
        "tickets by need": "/tickets/needed",
        "reservations": "/reservations",
        "reservations, backordered": "/reservations?state=backordered",
        "parts": "/parts",
        "what to buy": "/reorder-list",
        "transfer times": "/transfer-times",
        "model versions": "/model-versions",
        "visits": "/visits",
        "technicians": "/technicians",
        "capacities": "/capacities",
        "gates": "/gates",
        "returns": "/returns",
        "transfers": "/transfers",
        "commands": "/commands",
        "troubleshooting": "/troubleshooting",
        "rejected messages": "/rejected-messages",
        "warranties": "/warranties",
        "contracts": "/contracts",
        "audit log": "/audit-log",
        "users": "/users",
        "API tokens": "/api-tokens",
        "webhooks": "/webhooks",
        "people": "/people",
        "escalations": "/escalations",
    }
    several = {
        "alarms of a device": each("/alarms?device={}", found["device"]),
        "comments of an alarm": each("/alarms/{}/comments", found["alarm"]),
        "members of an alarm": each("/alarms/{}/members", found["alarm"]),
        "tickets of a device": each("/tickets?device={}", found["device"]),
        "slots of a ticket": each("/tickets/{}/slots", found["ticket"]),
        "supply of a ticket": each("/tickets/{}/supply", found["ticket"]),
        "predictions of a device": each("/predictions?device={}", found["device"]),
        "events of a device": each("/devices/{}/events", found["device"]),
        "twin changes of a device": each("/devices/{}/twin/history", found["device"]),
        "command types of a device": each("/devices/{}/command-types", found["device"]),
        "manuals of a device": each("/devices/{}/manuals", found["device"]),
        "files of a command": each("/commands/{}/files", found["command"]),
        "gates of a failure mode": each("/gates/{}", found.get("mode", [])),
    }
    slower = {
        "what was found of returns": ["/returns/findings"],
        "latest values of all of a model": ["/latest/compressor"],
        "figures of a year": [f"/figures?since={year}"],
        "telemetry of a year at 1 Hz": each(f"/devices/{{}}/telemetry?since={year}", found.get("one_hertz", [])),
    }
    return [
        Question(name, [API + address for address in addresses], goal)
        for some, goal in (
            ({name: [address] for name, address in asked.items()}, GOAL),
            (several, GOAL),
            (slower, PAGE_GOAL),
        )
        for name, addresses in some.items()
        if addresses
    ]
