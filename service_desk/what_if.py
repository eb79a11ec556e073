"""Reads what a what-if stands on: the champion's held-out predictions, and what it has told of late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.device_model import DeviceModel, FailureMode
from domain.errors import NotFoundError
from models.held_out import unpack
from models.lives import find_lives
from service_desk.gates import look_at_gate
from service_desk.policy.what_if import Backtest, Consequence, Terms, backtest, consequence
from store import frames, model_versions, recorded_predictions, visit_budget
from store.database import Connection
from store.model_versions import Version

PERIOD = timedelta(days=30)
MOST_DEVICES = 20_000


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one set of terms leads to. backtest: None when the version keeps no held-out predictions."""

    mode: FailureMode
    threshold: float
    gate_open: bool
    backtest: Backtest | None
    consequence: Consequence


def compare(
    connection: Connection, device_model: DeviceModel, champion: Version, modes: Sequence[FailureMode], *, now: datetime
) -> list[Outlook]:
    """The same predictions under each of the modes. The first is today's, which keeps the champion's threshold; another
    one takes the threshold that its costs and notice make the cheapest on held-out devices.

    Raises ArtifactError when the held-out predictions are damaged.
    """
    today = modes[0]
    tested = _backtests(connection, device_model, champion, modes)
    rate = champion.metrics.get("cost_rate") or 0.0
    limits = visit_budget.capacities(connection)
    in_hours = frozenset(centre for centre, one in limits.items() if one.hours is not None)
    stated = {centre: one.visits if one.hours is None else one.hours for centre, one in limits.items()}
    capacity = {centre: limit for centre, limit in stated.items() if limit is not None}
    outlooks = []
    for mode, found in zip(modes, tested, strict=True):
        as_today = (mode.costs, mode.lead_time) == (today.costs, today.lead_time)
        threshold = champion.alarm_threshold if as_today or found is None else found.threshold
        precision = champion.metrics.get("alarm_precision")
        gate = look_at_gate(connection, device_model=device_model.name, mode=mode, held_out=precision)
        told = recorded_predictions.first_above(
            connection,
            device_model=device_model.name,
            failure_mode=mode.name,
            since=now - PERIOD,
            until=now,
            threshold=threshold,
            limit=MOST_DEVICES,
        )
        terms = Terms(mode, threshold, gate.auto_open, device_model.parts, capacity, in_hours, rate)
        outlooks.append(Outlook(mode, threshold, gate.auto_open, found, consequence(told, terms)))
    return outlooks


def _backtests(
    connection: Connection, device_model: DeviceModel, champion: Version, modes: Sequence[FailureMode]
) -> list[Backtest | None]:
    try:
        held_out = unpack(model_versions.read_held_out(connection, champion.model_version_id))
    except NotFoundError:  # of a version that was stored before they were kept
        return [None] * len(modes)
    if held_out.empty:
        return [None] * len(modes)
    events = frames.read_events_frame(connection, device_model, until=champion.created_at)
    lives = find_lives(held_out, events, device_model, modes[0])
    return [backtest(lives, held_out, mode) for mode in modes]
