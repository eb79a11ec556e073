"""Works out what the fleet will need of each part at each centre, so that nobody who asks has to wait for it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from domain.device_model import DeviceModel, FailureMode
from domain.prediction import CURVE_STEPS
from service_desk.demand import Need, chances_within, spread
from service_desk.policy.renewal import Floats
from service_desk.policy.risk_curve import HOUR, drawn
from store import demand
from store.database import Connection
from store.demand import ForecastRow, Outlooks, Standing
from store.stock import StockKey

OLDEST = timedelta(hours=1)
"""Until then a forecast stands that nothing has changed of: devices come nearer to their failures meanwhile."""


@dataclass(frozen=True, slots=True)
class KitPart:
    """A part of a failure mode's kit."""

    part_no: str
    quantity: int
    lead_time: timedelta


Kits = Sequence[tuple[str, FailureMode, Sequence[KitPart]]]
"""Device model, failure mode, and what its repair takes."""


@dataclass(slots=True)
class _Needs:
    """Chances by centre and part, as they come in."""

    by_key: dict[StockKey, list[Need]] = field(default_factory=lambda: defaultdict(list))
    lead_times: dict[str, timedelta] = field(default_factory=dict)
    predictions: int = 0

    def add(self, told: Outlooks, kit: Sequence[KitPart]) -> None:
        self.predictions += len(told.risk)
        chances = {lead_time: _chances(told, lead_time) for lead_time in {part.lead_time for part in kit}}
        for centre in np.unique(told.service_centres):
            here = told.service_centres == centre
            for part in kit:
                self.lead_times[part.part_no] = part.lead_time
                need = Need(chances[part.lead_time][here], part.quantity)
                self.by_key[str(centre), part.part_no].append(need)

    def forecasts(self) -> Iterator[ForecastRow]:
        for (centre, part_no), needs in self.by_key.items():
            pieces = spread(needs)
            expected = sum(float(need.chances.sum()) * need.quantity for need in needs)
            enough = np.cumsum(pieces.chances).tolist()
            yield ForecastRow(centre, part_no, self.lead_times[part_no], expected, pieces.first, enough)


def work_out(connection: Connection, catalog: Mapping[str, DeviceModel], *, now: datetime) -> Standing:
    """Work out every forecast anew; who comes meanwhile waits for this transaction."""
    demand.hold(connection, wait=True)
    return _work_out(connection, _kits(connection, catalog), now)


def renew(connection: Connection, catalog: Mapping[str, DeviceModel], *, now: datetime) -> Standing | None:
    """Work them out when they are old, or tickets, kits or lead times have changed since; None when they stand as they
    are, or at once while another process is at it."""
    if not demand.hold(connection, wait=False):
        return None
    kits, standing = _kits(connection, catalog), demand.standing(connection)
    if standing is not None and _stands(connection, standing, kits, now):
        return None
    return _work_out(connection, kits, now)


def _work_out(connection: Connection, kits: Kits, now: datetime) -> Standing:
    ticket_event_id, needs = demand.newest_ticket_event(connection), _Needs()
    for device_model, mode, kit in kits:
        for told in demand.outlooks(connection, device_model, mode, now=now):
            needs.add(told, kit)
    standing = Standing(now, needs.predictions, _digest(kits), ticket_event_id)
    demand.replace_forecasts(connection, needs.forecasts(), standing)
    return standing


def _stands(connection: Connection, standing: Standing, kits: Kits, now: datetime) -> bool:
    return (
        abs(now - standing.as_of) < OLDEST
        and standing.rests_on == _digest(kits)
        and standing.ticket_event_id == demand.newest_ticket_event(connection)
    )


def _chances(told: Outlooks, lead_time: timedelta) -> Floats:
    """By the risk curve that a prediction tells; one that tells none, or falls, is drawn."""
    step, window, chances = told.horizon / CURVE_STEPS, lead_time / HOUR, np.empty(len(told.risk))
    rises = np.all(np.diff(told.failed_by, axis=1, prepend=0, append=1) >= 0, axis=1) & bool(told.failed_by.shape[1])
    if rises.any():
        curves = told.failed_by[rises]
        chances[rises] = chances_within(curves, step=step[rises], gone=told.gone[rises], window=window)
    if not rises.all():
        curves = drawn(told.risk[~rises], told.lives[~rises] / step[~rises, None])
        chances[~rises] = chances_within(curves, step=step[~rises], gone=told.gone[~rises], window=window)
    return chances


def _kits(connection: Connection, catalog: Mapping[str, DeviceModel]) -> Kits:
    """A part that no catalog describes has no lead time: nothing can be said of it until the next migration."""
    known = demand.lead_times(connection)
    modes = [(model.name, mode) for model in catalog.values() for mode in model.failure_modes]
    kits = [
        [KitPart(line.part_no, line.quantity, known[line.part_no]) for line in mode.kit if line.part_no in known]
        for _, mode in modes
    ]
    return [(device_model, mode, kit) for (device_model, mode), kit in zip(modes, kits, strict=True) if kit]


def _digest(kits: Kits) -> str:
    told = sorted(
        (model, mode.name, mode.component, [(part.part_no, part.quantity, part.lead_time / HOUR) for part in kit])
        for model, mode, kit in kits
    )
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
