"""Rows of one device model as a batch collects them: packed, in the order in which they came. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.device_model import DeviceModel
from ingest.codecs import Sample
from ingest.codecs.packed_json import NO_VALUE, PackedRows, RowShape
from store.reading_block import ReadingBlock


class ReadingRows:
    """Rows of one device model. `block` gives one for each (device, ts); the first value of a channel wins."""

    def __init__(self, device_model: DeviceModel) -> None:
        self.device_model = device_model
        self.shape = RowShape([channel.name for channel in device_model.channels])
        self._declared = frozenset(self.shape.channels)
        self.undeclared: dict[str, int] = {}
        """Channels that the device model does not declare, each with the device that sent it last."""
        self.undeclared_values = 0
        self.merged = 0
        self.conflicts = 0
        self._device_ids: list[int] = []
        self._counts: list[int] = []
        self._instants: list[int] = []
        self._values: list[bytes] = []
        self._extra: dict[int, dict[str, float]] = {}

    def __len__(self) -> int:
        return len(self._instants)

    def add(self, device_id: int, sample: Sample) -> None:
        """Take in one sample; its values are finite."""
        ts, values = sample
        row = [values.get(name, NO_VALUE) for name in self.shape.channels]
        if not values.keys() <= self._declared:
            extra = {name: value for name, value in values.items() if name not in self._declared}
            self._extra[len(self)] = extra
            self.undeclared.update(dict.fromkeys(extra, device_id))
            self.undeclared_values += len(extra)
        self.add_packed(device_id, PackedRows((ts,), self.shape.pack(*row)))

    def add_packed(self, device_id: int, rows: PackedRows) -> None:
        """Take in rows of `shape`."""
        self._device_ids.append(device_id)
        self._counts.append(len(rows.instants))
        self._instants += rows.instants
        self._values.append(rows.values)

    def block(self) -> ReadingBlock:
        """Everything that was taken in, as `store.reading_batches.write` takes it; counts what it merges."""
        device_id = np.repeat(np.array(self._device_ids, np.int64), self._counts)
        ts = np.array(self._instants, np.int64)
        order = np.lexsort((ts, device_id))  # stable: of equal keys the first to come stays first
        device_id, ts = device_id[order], ts[order]
        values = np.frombuffer(b"".join(self._values)).reshape(-1, len(self.shape.channels))[order]
        extra = {}
        if self._extra:
            extra = {row: self._extra[came] for row, came in enumerate(order.tolist()) if came in self._extra}
        repeated = np.zeros(len(self), np.bool_)
        repeated[1:] = (device_id[1:] == device_id[:-1]) & (ts[1:] == ts[:-1])
        if repeated.any():
            self.merged = int(repeated.sum())
            self.conflicts = _merge(values, extra, np.flatnonzero(repeated))
            keep = ~repeated
            moved = keep.cumsum() - 1
            extra = {int(moved[row]): document for row, document in extra.items() if keep[row]}
            device_id, ts, values = device_id[keep], ts[keep], values[keep]
        return ReadingBlock(device_id, ts, values, extra)


def _merge(values: NDArray[np.float64], extra: dict[int, dict[str, float]], repeated: NDArray[np.int64]) -> int:
    """Fill the gaps of each first row from those of its key that follow it; how many had a value to give way."""
    conflicts = 0
    first = last = -1
    for row in repeated.tolist():
        if row != last + 1:
            first = row - 1
        last = row
        empty = np.isnan(values[first])
        differs = ~empty & ~np.isnan(values[row]) & (values[first] != values[row])
        values[first, empty] = values[row, empty]
        known, later = extra.get(first, {}), extra.get(row, {})
        conflicts += bool(differs.any()) or any(known.get(name, value) != value for name, value in later.items())
        if later:
            extra[first] = {**later, **known}
    return conflicts
