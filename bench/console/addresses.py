"""What is asked for: every page of the console and every list of the API, at its start, deep inside and filtered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from api.paging import write_cursor
from bench.console.stage import CUSTOMER
from store.database import Connection

API = "/api/v1"
SUBJECTS: Mapping[str, bytes] = {
    "device": b"SELECT name FROM devices ORDER BY hashint8(device_id) LIMIT 20",
    "alarm": b"SELECT alarm_id FROM alarms ORDER BY hashint8(alarm_id) LIMIT 20",
    "ticket": b"SELECT ticket_id FROM tickets WHERE state IN ('suggested', 'open', 'planned') "
    b"ORDER BY hashint8(ticket_id) LIMIT 20",
    "prediction": b"SELECT prediction_id FROM alarms WHERE prediction_id IS NOT NULL "
    b"ORDER BY hashint8(alarm_id) LIMIT 20",
    "model": b"SELECT model_version_id FROM model_versions ORDER BY 1 LIMIT 20",
    "middle_alarm": b"SELECT max(alarm_id) / 2 FROM alarms",
    "middle_prediction": b"SELECT max(prediction_id) / 2 FROM predictions",
    "middle_device": b"SELECT (min(device_id) + max(device_id)) / 2 FROM devices",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A page or a list, by addresses that are asked in turn."""

    name: str
    addresses: Sequence[str]


def subjects(connection: Connection) -> dict[str, list[Any]]:
    """Names and ids to ask for."""
    return {name: [row[0] for row in connection.execute(query)] for name, query in SUBJECTS.items()}


def pages(found: Mapping[str, list[Any]]) -> list[Question]:
    """The console's pages."""
    customer, site = quote(CUSTOMER), quote("Plant 1")
    fixed = {
        "overview": "/",
        "predicted failures": "/predictions",
        "predicted failures of a centre": "/predictions?service_centre=centre-3&within=30",
        "alarms": "/alarms",
        "alarms, critical and unseen": "/alarms?severity=CRITICAL&unseen=1",
        "alarms, shelved": "/alarms?view=shelved",
        "alarms, can wait": "/alarms?view=deferred",
        "alarms of a site": f"/alarms?customer={customer}&site={site}",
        "alarms, all, deep": f"/alarms?view=all&after={found['middle_alarm'][0]}",
        "fleet": "/fleet",
        "fleet, page 10": "/fleet?page=10",
        "fleet of a customer": f"/fleet?customer={customer}",
        "site": f"/site?customer={customer}&site={site}",
        "devices": "/devices",
        "devices, text search": "/devices?text=sn-77",
        "tickets": "/tickets",
        "tickets, closed": "/tickets?state=closed",
        "calendar": "/calendar",
        "parts": "/parts",
        "what to buy": "/parts/reorder",
        "returns": "/returns",
        "models": "/models",
        "audit log": "/audit-log",
        "rejected messages": "/rejected",
        "users": "/users",
    }
    several = {
        "device": [f"/devices/{name}" for name in found["device"]],
        "alarm": [f"/alarms/{number}" for number in found["alarm"]],
        "ticket": [f"/tickets/{number}" for number in found["ticket"]],
        "prediction": [f"/predictions/{number}" for number in found["prediction"]],
        "model version": [f"/models/{number}" for number in found["model"]],
    }
    return [Question(name, [address]) for name, address in fixed.items()] + [
        Question(name, addresses) for name, addresses in several.items()
    ]


def lists(found: Mapping[str, list[Any]]) -> list[Question]:
    """The API's lists, 50 rows each unless it says otherwise."""
    customer = quote(CUSTOMER)
    deep_alarm = write_cursor(found["middle_alarm"][0])
    fixed = {
        "alarms": "/alarms",
        "alarms, active": "/alarms?active=true",
        "alarms, active and critical": "/alarms?active=true&severity=CRITICAL",
        "alarms, unseen": "/alarms?active=true&acknowledged=false",
        "alarms, shelved": "/alarms?shelved=true",
        "alarms, deferred": "/alarms?deferred=true",
        "alarms, deep": f"/alarms?after={deep_alarm}",
        "alarms of a customer": f"/alarms?customer={customer}",
        "devices": "/devices",
        "devices of a customer": f"/devices?customer={customer}",
        "devices, deep": f"/devices?after={write_cursor('dev-050000')}",
        "devices, text search": "/devices?text=sn-77",
        "devices, text of none": "/devices?text=nowhere",
        "sites": "/sites",
        "predictions": "/predictions",
        "predictions, deep": f"/predictions?after={write_cursor(found['middle_prediction'][0])}",
        "predictions of an unknown mode": "/predictions?failure_mode=nothing",
        "latest predictions": "/predictions/latest",
        "latest predictions, deep": f"/predictions/latest?after={write_cursor(found['middle_device'][0], 'zzz')}",
        "tickets": "/tickets",
        "tickets, open": "/tickets?state=open",
        "tickets by need": "/tickets/needed",
        "reservations": "/reservations",
        "reservations, backordered": "/reservations?state=backordered",
        "parts": "/parts",
        "model versions": "/model-versions",
        "visits": "/visits",
        "technicians": "/technicians",
        "returns": "/returns",
        "transfers": "/transfers",
        "commands": "/commands",
        "rejected messages": "/rejected-messages",
        "warranties": "/warranties",
        "contracts": "/contracts",
        "audit log": "/audit-log",
        "users": "/users",
    }
    devices = found["device"]
    several = {
        "alarms of a device": [f"/alarms?device={name}" for name in devices],
        "tickets of a device": [f"/tickets?device={name}" for name in devices],
        "predictions of a device": [f"/predictions?device={name}" for name in devices],
        "events of a device": [f"/devices/{name}/events" for name in devices],
    }
    return [Question(name, [API + address]) for name, address in fixed.items()] + [
        Question(name, [API + address for address in addresses]) for name, addresses in several.items()
    ]


def of_a_customer() -> tuple[list[Question], list[Question]]:
    """Pages and lists that a customer's user opens, whose rows row security picks out."""
    shown = {"overview": "/", "predicted failures": "/predictions", "alarms": "/alarms", "fleet": "/fleet"}
    shown |= {"devices": "/devices", "tickets": "/tickets"}
    listed = {
        "alarms": "/alarms",
        "alarms, active": "/alarms?active=true",
        "alarms, deferred": "/alarms?deferred=true",
        "devices": "/devices",
        "sites": "/sites",
        "predictions": "/predictions",
        "latest predictions": "/predictions/latest",
        "tickets": "/tickets",
        "tickets by need": "/tickets/needed",
        "reservations": "/reservations",
    }
    return [Question(f"customer's {name}", [address]) for name, address in shown.items()], [
        Question(f"customer's {name}", [API + address]) for name, address in listed.items()
    ]
