"""The zone in which somebody reads times: their browser says it in a cookie, `console/static/times.js`."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fastapi import Request

from domain.business_hours import find_zone
from domain.errors import InvalidInputError

COOKIE, USUAL = "zone", "UTC"


def asked_zone(request: Request) -> str:
    """As the browser names it, whether or not there is such a zone."""
    return request.cookies.get(COOKIE, USUAL)


def viewer_zone(request: Request) -> ZoneInfo:
    """UTC when they ask for no other, or for one that IANA does not have."""
    try:
        return find_zone(asked_zone(request))
    except InvalidInputError:
        return ZoneInfo(USUAL)
