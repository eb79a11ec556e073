"""Lives: the stretch from one renewal of a failure mode's component to the next, ended by a failure or censored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.device import EventKind
from domain.device_model import DeviceModel, FailureMode
from domain.ticket import ClosureCode
from models.errors import FrameError

Integers = NDArray[np.int64]
HOUR_MS = 3_600_000
NEVER = -(2**62)
"""Before every instant, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Lives:
    """Every reading's place in its life. `of_row` numbers the lives upwards in the order of the readings, `device` the
    devices, and `names` are theirs; the other arrays have one entry a life. Times are epoch milliseconds. A life that
    was censored has `failed` False: it ended with a renewal that no failure of this mode called for, or is still going
    on at its last reading. `after`: the renewal that it began after, `NEVER` without one.
    """

    ts: Integers
    device: Integers
    names: pd.Index
    of_row: Integers
    first_row: Integers
    after: Integers
    ended_at: Integers
    failed: NDArray[np.bool_]

    @property
    def age_ms(self) -> Integers:
        """Per row: time since the first reading of its life."""
        return self.ts - self.ts[self.first_row][self.of_row]

    def part(self, rows: slice) -> Lives:
        """Those of some rows, which begin and end with a device."""
        lives = slice(*np.searchsorted(self.first_row, [rows.start, rows.stop]))
        return Lives(
            self.ts[rows],
            self.device[rows],
            self.names,
            self.of_row[rows] - lives.start,
            self.first_row[lives] - rows.start,
            self.after[lives],
            self.ended_at[lives],
            self.failed[lives],
        )

    @property
    def left_ms(self) -> Integers:
        """Per row: time to the end of its life, however it ended."""
        return self.ended_at[self.of_row] - self.ts


def find_lives(readings: pd.DataFrame, events: pd.DataFrame, device_model: DeviceModel, mode: FailureMode) -> Lives:
    """Cut the readings into lives. A reading at the very instant of a life's end still belongs to it.

    Raises FrameError when columns are missing or the readings are not sorted by device and ts, each pair once.
    """
    devices, names, ts = _ordered(readings)
    endings = _Endings.of(events, device_model, mode, lambda named: names.get_indexer(pd.Index(named)))
    known = endings.device >= 0
    ending_device, failed = endings.device[known], endings.failed[known]
    ending_ts = endings.ts[known].astype("datetime64[ms]").astype(np.int64)

    before = _count_before(ending_device, ending_ts, devices, ts)
    new_life = np.ones(len(ts), dtype=bool)
    new_life[1:] = (devices[1:] != devices[:-1]) | (before[1:] != before[:-1])
    first_row = np.flatnonzero(new_life)
    last_row = np.append(first_row[1:], len(ts)) - 1 if len(ts) else first_row
    ended_at, ended_failed = ts[last_row].copy(), np.zeros(len(first_row), dtype=bool)
    if len(ending_ts):
        ending = before[first_row]
        within = np.minimum(ending, len(ending_ts) - 1)
        ends = (ending < len(ending_ts)) & (ending_device[within] == devices[first_row])
        ended_at[ends], ended_failed[ends] = ending_ts[within][ends], failed[within][ends]
    after = np.full(len(first_row), NEVER)
    begins = before[first_row] > 0
    begins[begins] = ending_device[before[first_row[begins]] - 1] == devices[first_row[begins]]
    after[begins] = ending_ts[before[first_row[begins]] - 1]
    return Lives(
        ts, devices, names, np.cumsum(new_life) - 1, first_row, after, ended_at, ended_failed
    )  # fmt: skip


def life_endings(events: pd.DataFrame, device_model: DeviceModel, mode: FailureMode) -> pd.DataFrame:
    """The events that end a life of the mode: columns device, ts, failed; sorted by device and ts.

    A failure of the mode ends a life, and so does a repair that confirmed the predicted fault before it failed.
    Every other renewal of the component censors it; a visit that found no fault renews nothing. A failure or
    confirmation within the horizon after a failure event, with no repair in between, is that same failure again.
    """
    endings = _Endings.of(events, device_model, mode, lambda named: pd.factorize(named, sort=True)[0])
    return events[["device", "ts"]].iloc[endings.rows].reset_index(drop=True).assign(failed=endings.failed)


@dataclass(frozen=True, slots=True)
class _Endings:
    """The events that end a life, as `life_endings` tells: their rows, and the device's number, instant and outcome;
    sorted by number and instant."""

    rows: Integers
    device: Integers
    ts: NDArray[np.datetime64]
    failed: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        events: pd.DataFrame,
        device_model: DeviceModel,
        mode: FailureMode,
        number: Callable[[pd.Series[Any]], NDArray[np.integer[Any]]],
    ) -> _Endings:
        """`number` numbers the devices that are named in a column."""
        if missing := {"device", "ts", "kind", "code", "component", "failure_mode"} - set(events.columns):
            lacking = min(missing)
            raise FrameError(f"events lack the column {lacking}: give device, ts, kind, code, component, failure_mode")
        repairs = _Repairs.of(events)
        confirmed = repairs.maintained & (repairs.code == ClosureCode.CONFIRMED) & (repairs.failure_mode == mode.name)
        broke = repairs.broke & np.isin(repairs.code, list(mode.event_codes))
        chosen = np.flatnonzero(confirmed | broke | repairs.renew(device_model, mode.component))
        rows = repairs.rows[chosen]
        device = number(events["device"].iloc[rows]).astype(np.int64)
        ts = events["ts"].to_numpy("datetime64[us]")[rows]
        order = np.lexsort((ts, device))
        rows, device, ts, chosen = rows[order], device[order], ts[order], chosen[order]
        failed = confirmed[chosen] | broke[chosen]
        soon = (device[1:] == device[:-1]) & (np.diff(ts) <= np.timedelta64(mode.horizon))
        failed[1:] &= ~(broke[chosen][:-1] & soon)
        return cls(rows, device, ts, failed)


def renewals(events: pd.DataFrame, device_model: DeviceModel, component: str) -> pd.DataFrame:
    """When the component of a device was renewed, as far as events tell: columns device, ts."""
    repairs = _Repairs.of(events)
    return events.iloc[repairs.rows[repairs.renew(device_model, component)]][["device", "ts"]]


@dataclass(frozen=True, slots=True)
class _Repairs:
    """The maintenance and the failures among events: in which rows they are, and what they tell."""

    rows: Integers
    maintained: NDArray[np.bool_]
    code: NDArray[np.object_]
    component: NDArray[np.object_]
    failure_mode: NDArray[np.object_]

    @property
    def broke(self) -> NDArray[np.bool_]:
        return ~self.maintained

    @classmethod
    def of(cls, events: pd.DataFrame) -> _Repairs:
        kind = events["kind"].to_numpy(dtype=object)
        maintained = kind == EventKind.MAINTENANCE
        rows = np.flatnonzero(maintained | (kind == EventKind.FAILURE))
        told = (events[name].iloc[rows].to_numpy(dtype=object) for name in ("code", "component", "failure_mode"))
        return cls(rows, maintained[rows], *told)

    def renew(self, device_model: DeviceModel, component: str) -> NDArray[np.bool_]:
        """Maintenance on the component that found a fault, and failures of it, which are repaired."""
        modes = [mode for mode in device_model.failure_modes if mode.component == component]
        codes = [code for mode in modes for code in mode.event_codes]
        here = (self.component == component) | np.isin(self.failure_mode, [mode.name for mode in modes])
        found = self.maintained & here & (self.code != ClosureCode.NO_FAULT_FOUND)
        renewed: NDArray[np.bool_] = found | (self.broke & (here | np.isin(self.code, codes)))
        return renewed


def current_life_starts(events: pd.DataFrame, device_model: DeviceModel, mode: FailureMode) -> dict[Any, pd.Timestamp]:
    """When each device's present life of the mode began: its readings are those after that instant. A device that is
    not in the answer has had no renewal: its life began with its first reading.
    """
    endings = life_endings(events, device_model, mode)
    return dict(endings.groupby("device", observed=True)["ts"].max())


def _ordered(readings: pd.DataFrame) -> tuple[Integers, pd.Index, Integers]:
    if missing := {"device", "ts"} - set(readings.columns):
        raise FrameError(f"readings lack the column {min(missing)}: give device, ts and one column per channel")
    codes, names = pd.factorize(readings["device"], use_na_sentinel=False)
    devices, ts = codes.astype(np.int64), milliseconds(readings["ts"])
    same = devices[1:] == devices[:-1]
    if np.any(devices[1:] < devices[:-1]) or np.any(same & (np.diff(ts) < 0)):
        raise FrameError("readings are not sorted: sort them by device and ts")
    if np.any(same & (np.diff(readings["ts"].to_numpy("datetime64[us]")) == np.timedelta64(0))):
        raise FrameError("readings hold a device and ts twice: keep one row of each")
    return devices, pd.Index(names), ts


def milliseconds(ts: pd.Series[Any]) -> Integers:
    """Since 1970 (UTC); NaT becomes the least number there is."""
    return ts.to_numpy("datetime64[ms]").astype(np.int64)


def _count_before(ending_device: Integers, ending_ts: Integers, devices: Integers, ts: Integers) -> Integers:
    """Per reading: how many endings, of all devices in order, lie before it or belong to an earlier device."""
    if not len(ending_ts) or not len(ts):
        return np.zeros(len(ts), dtype=np.int64)
    origin = min(int(ts.min()), int(ending_ts.min()))
    span = max(int(ts.max()), int(ending_ts.max())) - origin + 1
    row = np.searchsorted(devices * span + ts - origin, ending_device * span + ending_ts - origin, side="right")
    return np.cumsum(np.bincount(row, minlength=len(ts)))[: len(ts)]
