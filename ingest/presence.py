"""Whether a device that says nothing has gone, and whether one that was thought gone is back. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.device import Connectivity
from store.presence import GRACE, INTERVALS, Change, Listening, Signs, ToldBy


def judge(signs: Signs, listening: Listening) -> Change | None:
    """What silence, or the end of it, says about a device; None when all stays as it is.

    Silence counts only over the time in which ingest listened and for which everything that came is stored, so neither
    an outage of the platform nor a backlog makes a device look silent. The interval is the catalog's, or the device's
    own where that is longer.
    """
    if signs.connectivity is Connectivity.OFFLINE:
        return _back(signs)
    if signs.gone_at is not None:
        return _gone(signs, signs.gone_at) if listening.until > signs.gone_at + GRACE else None
    if signs.heard_at is None:
        return None
    allowed = INTERVALS * max(signs.reading_interval, signs.heard_every or timedelta()) + GRACE
    silent_from = max(signs.heard_at, listening.since) + allowed
    if listening.until > silent_from:
        return Change(signs.device_id, silent_from, Connectivity.OFFLINE, ToldBy.SILENCE)
    if signs.connectivity is Connectivity.UNKNOWN:
        return Change(signs.device_id, signs.heard_at, Connectivity.ONLINE, ToldBy.MESSAGES)
    return None


def _gone(signs: Signs, gone_at: datetime) -> Change:
    """A will is true unless the device was heard after it: well after it, for a message may still have been under way.

    A status of the next connection makes an end of the will by itself.
    """
    if signs.heard_at is not None and signs.heard_at > gone_at + GRACE / 2:
        return Change(signs.device_id, signs.heard_at, Connectivity.ONLINE, ToldBy.MESSAGES)
    return Change(signs.device_id, gone_at, Connectivity.OFFLINE, ToldBy.WILL)


def _back(signs: Signs) -> Change | None:
    """A device that is heard is there. When it or the broker told that it went, a message may still have been under
    way, so it has to be heard well after that."""
    if signs.heard_at is None or signs.connectivity_at is None:
        return None
    hesitation = timedelta() if signs.connectivity_by is ToldBy.SILENCE else GRACE
    if signs.heard_at <= signs.connectivity_at + hesitation:
        return None
    return Change(signs.device_id, signs.heard_at, Connectivity.ONLINE, ToldBy.MESSAGES)
