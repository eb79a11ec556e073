"""How each input of a model was spread over training's devices: what drift is measured from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.device_model import ChannelKind
from models.calibration import Floats
from models.errors import ArtifactError
from models.features import AGE, COMPONENT, INSTALLED, FeaturePlan, group_of
from models.lives import Integers

BINS = 10
MOST_DEVICES = 1000
LOOKS = 8
"""How often a stretch of time is looked at: the more, the dearer, and the more alike."""
COMPARED_SHARE = 0.5
"""Stretches of training with fewer of the most devices than this are not compared: they are spread by chance."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How one feature was spread over devices, each of which counts the same however much it sent.

    edges: bin k holds what is above edges[k - 1] and up to edges[k]. shares: of the bins, and last of the missing
    values. usual: the largest stability index of any stretch of training against the other ones. within, overall: how
    much the shares vary from device to device, in one stretch and in all of training: 1 as much as if each device
    stayed in one bin, 0 not at all.
    """

    edges: Sequence[float]
    shares: Sequence[float]
    usual: float
    within: float
    overall: float


@dataclass(frozen=True, slots=True)
class Reference:
    """The spread of each compared feature over so many devices."""

    devices: int
    spreads: Mapping[str, Spread]

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {"devices": self.devices, "spreads": {name: asdict(spread) for name, spread in self.spreads.items()}}


def read_reference(document: Mapping[str, Any]) -> Reference:
    """From what `Reference.document` gave. Raises ArtifactError when it is none."""
    try:
        spreads = {name: Spread(**spread) for name, spread in document["spreads"].items()}
        return Reference(int(document["devices"]), spreads)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ArtifactError("it does not tell how its inputs were spread in training: train it again") from error


def compared(plan: FeaturePlan, features: Sequence[str]) -> list[str]:
    """The features that drift is looked for in: all but ages and totals, which grow without anything being wrong."""
    counters = {channel.name for channel in plan.channels if channel.kind is ChannelKind.COUNTER}
    growing = {f"{counter}.{told}" for counter in counters for told in ("value", "change")}
    return [
        name
        for name in features
        if name not in growing and group_of(name) not in (AGE, INSTALLED) and not name.startswith(COMPONENT)
    ]


def sample_devices(names: Sequence[str]) -> list[str]:
    """All of them, or of a large fleet the same thousand each time: more would tell nothing else."""
    return sorted(names, key=lambda name: sha256(name.encode()).digest())[:MOST_DEVICES]


def describe_spread(features: pd.DataFrame, devices: NDArray[Any], ts: pd.Series[Any], stretch: timedelta) -> Reference:
    """The reference of training's features, with the device and instant of each row; `stretch` is how long a time will
    be compared with it. Of each device one row in an eighth of it counts, as when it is compared, sorted by device and
    instant."""
    rows = _looks(devices, ts, stretch / LOOKS)
    device, names = pd.factorize(devices[rows])
    back = ((ts.max() - ts.iloc[rows]) // stretch).to_numpy()
    pairs, pair = np.unique(np.stack([back, device]), axis=1, return_inverse=True)
    parts = Parts(pair, pairs[0], pairs[1])
    spreads = {str(name): _spread(features[name].to_numpy(np.float64)[rows], parts, len(names)) for name in features}
    return Reference(len(names), spreads)


@dataclass(frozen=True, slots=True)
class Parts:
    """of_row: to which part, one device in one stretch, each row belongs. stretch, device: of each part."""

    of_row: Integers
    stretch: Integers
    device: Integers

    def compared(self) -> Iterator[NDArray[np.bool_]]:
        """Which parts each stretch consists of that enough devices were heard in."""
        counts = np.bincount(self.stretch)
        for number in np.flatnonzero(counts >= COMPARED_SHARE * counts.max()):
            yield self.stretch == number


def _looks(devices: NDArray[Any], ts: pd.Series[Any], apart: timedelta) -> Integers:
    """Of each device its last row in each span of time of that length."""
    span = ((ts.max() - ts) // apart).to_numpy()
    last = np.append((span[1:] != span[:-1]) | (devices[1:] != devices[:-1]), True)
    rows: Integers = np.flatnonzero(last)
    return rows


def place(values: Floats, edges: Sequence[float]) -> Integers:
    """The bin of each value."""
    bins: Integers = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values))
    return bins


def shares_of(bins: Integers, unit: Integers, size: int) -> Floats:
    """Units by bins: which share of each unit's rows lies where; units are numbered from 0."""
    count = int(unit.max()) + 1
    rows = np.bincount(unit * size + bins, minlength=count * size).reshape(count, size)
    shares: Floats = rows / rows.sum(axis=1, keepdims=True)
    return shares


def stability_index(expected: Floats, seen: Floats, expected_devices: int, seen_devices: int) -> float:
    """The population stability index of two spreads, each with the weight of one more device that is everywhere alike,
    so that it stays finite; bins that both leave empty do not count."""
    used = (expected > 0) | (seen > 0)
    even = 1 / used.sum()
    one = (expected[used] * expected_devices + even) / (expected_devices + 1)
    other = (seen[used] * seen_devices + even) / (seen_devices + 1)
    return float(((other - one) * np.log(other / one)).sum())


def _spread(values: Floats, parts: Parts, devices: int) -> Spread:
    told = values[~np.isnan(values)]
    edges: list[float] = []
    if len(told):
        inner = np.unique(np.quantile(told, np.arange(1, BINS) / BINS, method="inverted_cdf"))
        edges = inner[inner < told.max()].tolist()
    of_part = shares_of(place(values, edges), parts.of_row, len(edges) + 2)
    of_device = np.zeros((devices, of_part.shape[1]))
    np.add.at(of_device, parts.device, of_part)
    of_device /= of_device.sum(axis=1, keepdims=True)
    shares = of_device.mean(axis=0)
    stretches = [of_part[chosen] for chosen in parts.compared()]
    usual = max(_indices(np.array([one.mean(axis=0) for one in stretches]), devices), default=0.0)
    within = np.mean([one.var(axis=0) for one in stretches], axis=0)
    return Spread(
        edges,
        [round(float(share), 6) for share in shares],
        round(usual, 4),
        round(_spread_over_devices(within, shares), 4),
        round(_spread_over_devices(of_device.var(axis=0), shares), 4),
    )


def _indices(means: Floats, devices: int) -> Iterator[float]:
    """Of each stretch against the mean of the others."""
    if len(means) > 1:
        for number, one in enumerate(means):
            others = np.delete(means, number, axis=0).mean(axis=0)
            yield stability_index(others, one, devices, devices)


def _spread_over_devices(variance: Floats, shares: Floats) -> float:
    """The mean design effect of clustered data (J. N. K. Rao and A. J. Scott, 1981) when a device counts as one."""
    used = shares > 0
    if used.sum() < 2:
        return 1.0
    return min(float((variance[used] / shares[used]).sum() / (used.sum() - 1)), 1.0)
