"""Where the simulated fleets stand: invented customers, their sites and the service centres near them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from device_sim.physics.calendar import Climate


@dataclass(frozen=True, slots=True)
class Site:
    """One place of a customer and the service centre that serves it."""

    customer: str
    site: str
    service_centre: str


CLIMATES: Mapping[str, Climate] = {
    "hamburg": Climate(mean=9.5, year=8.5, day=3.0),
    "munich": Climate(mean=8.8, year=10.0, day=4.5),
    "vienna": Climate(mean=11.2, year=10.5, day=4.5),
}

SITES: Mapping[str, tuple[Site, ...]] = {
    "heat_pump": (
        Site("Elbufer Wohnbau", "Altona, Block 4", "hamburg"),
        Site("Isartal Hausverwaltung", "Sendling, Garden Court", "munich"),
        Site("Donaublick Wohnen", "Floridsdorf, Riverside", "vienna"),
        Site("Elbufer Wohnbau", "Harburg, Block 9", "hamburg"),
        Site("Sonnenhof Hotels", "Starnberg, Lake House", "munich"),
        Site("Gemeinde Marchfeld", "School and sports hall", "vienna"),
        Site("Kita Seestern", "Bergedorf", "hamburg"),
    ),
    "compressor": (
        Site("Nordlack Coatings", "Hamburg, Plant 1", "hamburg"),
        Site("Alpen Molkerei", "Rosenheim, Dairy", "munich"),
        Site("Wiener Pressteile", "Simmering, Hall C", "vienna"),
        Site("Hansa Verpackung", "Stade, Line 3", "hamburg"),
        Site("Lechfeld Guss", "Augsburg, Foundry", "munich"),
        Site("Wiener Pressteile", "Liesing, Hall A", "vienna"),
    ),
}
