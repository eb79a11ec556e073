"""Every page of the console: at its start, deep inside, filtered, and over long stretches of time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from bench.console.questions import CUSTOMER, SITE, Question, each

GOAL = 300.0
OF_CUSTOMER = f"customer={quote(CUSTOMER)}"
OF_SITE = f"{OF_CUSTOMER}&site={quote(SITE)}"


def pages(found: Mapping[str, list[Any]], now: datetime) -> list[Question]:
    """Pages by their name; those of one subject are asked for several of its kind."""
    year = f"since={(now - timedelta(days=365)).date()}"
    ten_years = f"since={(now - timedelta(days=3650)).date()}"
    asked = {
        "overview": "/",
        "predicted failures": "/predictions",
        "predicted failures of a centre": "/predictions?service_centre=centre-3&within=30",
        "alarms": "/alarms",
        "alarms, critical and unseen": "/alarms?severity=CRITICAL&unseen=1",
        "alarms, shelved": "/alarms?view=shelved",
        "alarms, can wait": "/alarms?view=deferred",
        "alarms of a site": f"/alarms?{OF_SITE}",
        "alarms, all, deep": f"/alarms?view=all&after={found['middle_alarm'][0]}",
        "fleet": "/fleet",
        "fleet, page 10": "/fleet?page=10",
        "fleet of a customer": f"/fleet?{OF_CUSTOMER}",
        "site": f"/site?{OF_SITE}",
        "devices": "/devices",
        "devices, text search": "/devices?text=sn-77",
        "tickets": "/tickets",
        "tickets, closed": "/tickets?state=closed",
        "troubleshooting": "/troubleshooting",
        "commands": "/commands",
        "command to many devices": "/fleet-commands?device_model=compressor",
        "guidance": "/guidance",
        "guidance, search": "/guidance?q=bearing",
        "calendar": "/calendar",
        "calendar of a centre, last week": f"/calendar?centre=centre-3&week={(now - timedelta(days=7)).date()}",
        "parts": "/parts",
        "what to buy": "/parts/reorder",
        "returns": "/returns",
        "figures": "/figures",
        "figures of a year": f"/figures?{year}",
        "figures of ten years": f"/figures?{ten_years}",
        "figures of a year, a customer's": f"/figures?{year}&{OF_CUSTOMER}",
        "tickets behind a figure of a year": f"/figures/tickets?figure=avoided&{year}",
        "models": "/models",
        "audit log": "/audit-log",
        "rejected messages": "/rejected",
        "users": "/users",
        "password": "/password",
    }
    several = {
        "device": each("/devices/{}", found["device"]),
        "device, readings": each("/devices/{}/readings", found["device"]),
        "device, diagnostics": each("/devices/{}/diagnostics", found["device"]),
        "device, problem": each("/devices/{}/problem", found["device"]),
        "alarm": each("/alarms/{}", found["alarm"]),
        "ticket": each("/tickets/{}", found["ticket"]),
        "ticket, lineage": each("/tickets/{}/lineage", found["ticket"]),
        "prediction": each("/predictions/{}", found["prediction"]),
        "command": each("/commands/{}", found["command"]),
        "command to many devices, its outcome": each("/fleet-commands/{}", found.get("fleet_command", [])),
        "troubleshooting run": each("/troubleshooting/{}", found["run"]),
        "model version": each("/models/{}", found.get("model", [])),
        "failure mode": each("/models/{}", found.get("mode", [])),
        "what if": each("/models/{}/what-if", found.get("mode", [])),
        "what if, a gate tried": each("/models/{}/what-if?gate=95", found.get("mode", [])),
        "what if, a cost tried": each("/models/{}/what-if?emergency=30000", found.get("mode", [])),
        "rejected message": each("/rejected/{}", found.get("rejected", [])),
        "device, a year at 1 Hz": each("/devices/{}?span=1y", found.get("one_hertz", [])),
        "charts, a year at 1 Hz": each("/devices/{}/charts?span=1y", found.get("one_hertz", [])),
        "charts, a week at 1 Hz": each("/devices/{}/charts?span=7d", found.get("one_hertz", [])),
        "readings, a year at 1 Hz": each("/devices/{}/readings?span=1y", found.get("one_hertz", [])),
    }
    return [Question(name, [address], GOAL) for name, address in asked.items()] + [
        Question(name, addresses, GOAL) for name, addresses in several.items() if addresses
    ]
