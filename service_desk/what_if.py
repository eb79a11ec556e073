"""Tries terms on what the champion told of devices that it had not seen, and on what it has told of late."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from domain.device_model import DeviceModel, FailureMode
from domain.errors import NotFoundError
from domain.prediction_columns import PredictionColumns
from models.evaluation import Followed, Follower, trace_lives
from models.held_out import unpack
from models.lives import find_lives
from service_desk.gates import look_at_gate
from service_desk.policy.what_if import Backtest, Consequence, Terms, backtest, consequence
from service_desk.visit_budget import limits_of
from store import frames, model_versions, recorded_predictions, visit_budget
from store.database import Connection
from store.model_versions import Version
from store.scope import customer_in_view
from store.visit_budget import Capacity

PERIOD = timedelta(days=30)
MOST_DEVICES = 20_000
KEPT_FOR = timedelta(minutes=5)
MODES_KEPT, THRESHOLDS_KEPT = 8, 16
"""Of a failure mode some 2 MB, of one with a threshold up to 8 MB."""
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one set of terms leads to. backtest: None when the version keeps no held-out predictions."""

    mode: FailureMode
    threshold: float
    gate_open: bool
    backtest: Backtest | None
    consequence: Consequence


@dataclass(frozen=True, slots=True)
class Comparison:
    """An outlook for each of the terms, on predictions and events as they were stored at one moment."""

    as_of: datetime
    outlooks: Sequence[Outlook]


class _Recent(Generic[Key, Value]):
    """The values that were used last, so many of them; threads may share it."""

    def __init__(self, most: int) -> None:
        self._most, self._kept, self._lock = most, OrderedDict[Key, Value](), Lock()

    def find(self, key: Key) -> Value | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Key, value: Value) -> Value:
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value


@dataclass(frozen=True, slots=True)
class _Basis:
    """What terms are tried on, as it was stored at `as_of`. followed: what alarms led to on held-out devices, None when
    these are not kept."""

    as_of: datetime
    followed: Followed | None


class WhatIf:
    """Compares terms. What a comparison rests on is kept for five minutes, because a planner tries one set of terms
    after another: each says as of when it is. Whoever sees other devices has their own. One for a process."""

    def __init__(self) -> None:
        self._bases: _Recent[tuple[str | None, int], _Basis] = _Recent(MODES_KEPT)
        self._told: _Recent[tuple[str | None, int, datetime, float], Sequence[PredictionColumns]] = _Recent(
            THRESHOLDS_KEPT
        )

    def compare(
        self,
        connection: Connection,
        device_model: DeviceModel,
        champion: Version,
        modes: Sequence[FailureMode],
        *,
        now: datetime,
    ) -> Comparison:
        """The same predictions under each of the modes. The first is today's, which keeps the champion's threshold;
        another one takes the threshold that its costs and notice make the cheapest on held-out devices.

        Raises ArtifactError when the held-out predictions are damaged.
        """
        today = modes[0]
        basis = self._basis(connection, device_model, champion, today, now)
        capacities = visit_budget.capacities(connection)
        outlooks = []
        for mode in modes:
            found = backtest(basis.followed, mode) if basis.followed else None
            as_today = (mode.costs, mode.lead_time) == (today.costs, today.lead_time)
            threshold = champion.alarm_threshold if as_today or found is None else found.threshold
            terms = _terms(connection, device_model, champion, mode, threshold, capacities)
            told = self._first_above(connection, champion, basis.as_of, threshold)
            outlooks.append(Outlook(mode, threshold, terms.gate_open, found, consequence(told, terms)))
        return Comparison(basis.as_of, outlooks)

    def _basis(
        self, connection: Connection, device_model: DeviceModel, champion: Version, mode: FailureMode, now: datetime
    ) -> _Basis:
        key = (customer_in_view(), champion.model_version_id)
        known = self._bases.find(key)
        if known is not None and timedelta(0) <= now - known.as_of < KEPT_FOR:
            return known
        return self._bases.keep(key, _Basis(now, _followed(connection, device_model, champion, mode)))

    def _first_above(
        self, connection: Connection, champion: Version, as_of: datetime, threshold: float
    ) -> Sequence[PredictionColumns]:
        key = (customer_in_view(), champion.model_version_id, as_of, threshold)
        known = self._told.find(key)
        if known is not None:
            return known
        told = recorded_predictions.first_above(
            connection,
            device_model=champion.device_model,
            failure_mode=champion.failure_mode,
            since=as_of - PERIOD,
            until=as_of,
            threshold=threshold,
            limit=MOST_DEVICES,
        )
        return self._told.keep(key, told)


def _terms(
    connection: Connection,
    device_model: DeviceModel,
    champion: Version,
    mode: FailureMode,
    threshold: float,
    capacities: Mapping[str, Capacity],
) -> Terms:
    in_hours = frozenset(centre for centre, one in capacities.items() if one.hours is not None)
    precision = champion.metrics.get("alarm_precision")
    gate = look_at_gate(connection, device_model=device_model.name, mode=mode, held_out=precision)
    rate = champion.metrics.get("cost_rate") or 0.0
    return Terms(mode, threshold, gate.auto_open, device_model.parts, limits_of(capacities), in_hours, rate)


def _followed(
    connection: Connection, device_model: DeviceModel, champion: Version, mode: FailureMode
) -> Followed | None:
    """What alarms led to on held-out devices: by the champion alone, whatever the terms."""
    try:
        held_out = unpack(model_versions.read_held_out(connection, champion.model_version_id))
    except NotFoundError:  # of a version that was stored before they were kept
        return None
    if held_out.empty:
        return None
    until, devices = champion.created_at, held_out["device"].unique().tolist()
    events = frames.read_events_frame(connection, device_model, until=until, devices=devices, others_since=until)
    lives = find_lives(held_out, events, device_model, mode)
    return Follower.of(trace_lives(lives, held_out["risk"].to_numpy()), mode).follow_all()
