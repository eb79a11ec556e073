"""Who visits the demo's devices: three technicians at each service centre, of whom one can do everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from aftercare.cli.demo.agreements import CALENDARS
from domain.device_model import DeviceModel
from domain.visit import Technician
from service_desk.staff import keep_technician
from store.database import Connection

WHO = "demo"
NAMES = ("Anna", "Ben", "Chiara", "David", "Elif", "Frida", "Goran", "Hanna", "Ivo")
SHIFTS = "Mo-Fr 07:00-16:00"


def employ_technicians(
    connection: Connection, device_models: Sequence[DeviceModel], centres: Sequence[str], now: datetime
) -> None:
    """Take in the technicians of these service centres, who together can repair these device models."""
    skills = sorted({skill for model in device_models for mode in model.failure_modes for skill in mode.skills})
    for technician in _technicians(centres, skills):
        keep_technician(connection, technician, who=WHO, now=now)


def _technicians(centres: Sequence[str], skills: Sequence[str]) -> Iterator[Technician]:
    for number, centre in enumerate(centres):
        zone, holidays, _ = CALENDARS.get(centre, ("UTC", "", ""))
        names = (f"{NAMES[(3 * number + one) % len(NAMES)]} ({centre})" for one in range(3))
        for name, able in zip(names, (skills, skills[::2], skills[1::2] or skills), strict=True):
            yield Technician(
                technician=name,
                service_centre=centre,
                skills=tuple(able),
                time_zone=zone,
                hours=SHIFTS,
                holidays=holidays,
                weekly_hours=36,
            )
