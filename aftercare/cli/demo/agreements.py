"""What the demo's devices are entitled to: sites in several zones; some devices with a warranty, some with a contract,
some with both, some with neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import pandas as pd

from aftercare.wiring import Catalog
from domain.entitlement import ClockHours, Contract, Site, Warranty
from service_desk.entitlement.papers import keep
from store.database import Connection

WHO = "demo"
CALENDARS: Mapping[str, tuple[str, str, str]] = {
    "hamburg": ("Europe/Berlin", "DE-HH", "Mo-Fr 07:00-18:00"),
    "munich": ("Europe/Berlin", "DE-BY", "Mo-Fr 07:00-17:00, Sa 08:00-12:00"),
    "vienna": ("Europe/Vienna", "AT-9", "Mo-Fr 06:00-22:00"),
    "north": ("Europe/Helsinki", "FI", "Mo-Fr 08:00-16:00"),
    "south": ("Europe/Lisbon", "PT", "24/7"),
}
"""By service centre: the zone, the holidays and the hours of the sites that it serves."""
TRAVEL_COSTS = (6_500, 9_000, 14_500)
TERM_MONTHS = 36


def sign_agreements(connection: Connection, catalog: Catalog, devices: pd.DataFrame, now: datetime) -> None:
    """Describe the sites of these devices (columns name, customer, site, service_centre), give every third device a
    warranty and every second customer a contract."""
    papers: list[Site | Warranty | Contract] = [*_sites(devices), *_warranties(devices), *_contracts(devices, now)]
    for paper in papers:
        keep(connection, catalog, paper, who=WHO, now=now)


def _sites(devices: pd.DataFrame) -> Iterator[Site]:
    places = devices.drop_duplicates(["customer", "site"]).sort_values(["customer", "site"])
    rows = zip(places["customer"], places["site"], places["service_centre"], strict=True)
    for number, (customer, site, centre) in enumerate(rows):
        zone, holidays, hours = CALENDARS.get(centre, ("UTC", "", "24/7"))
        travel = TRAVEL_COSTS[number % len(TRAVEL_COSTS)]
        yield Site(customer=customer, site=site, time_zone=zone, hours=hours, holidays=holidays, travel_cost=travel)


def _warranties(devices: pd.DataFrame) -> Iterator[Warranty]:
    for name in sorted(devices["name"])[::3]:
        yield Warranty(
            warranty_no=f"W-{name}",
            device=name,
            term_months=TERM_MONTHS,
            parts_percent=100,
            labour_percent=50,
            excluded_causes=("misuse",),
        )


def _contracts(devices: pd.DataFrame, now: datetime) -> Iterator[Contract]:
    for number, customer in enumerate(sorted(set(devices["customer"]))[::2]):
        yield Contract(
            contract_no=f"C-{number + 1:03}",
            customer=customer,
            valid_from=(now - timedelta(days=365)).date(),
            response_hours=8.0,
            repair_hours=72.0,
            hours=ClockHours.ALWAYS if number % 3 == 2 else ClockHours.BUSINESS,
            labour_percent=100,
            travel_percent=50,
            priority=2,
            breach_penalty=25_000,
        )
