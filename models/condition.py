"""The condition of a device in a few numbers: what its channels have in common when they wear, free of most noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from models.calibration import Floats
from models.features import AGE

INDICES = 3
NEAR = 0.5
"""Directions are learnt from readings with less life left than this share of the cap: there the wear shows."""
FEWEST_ROWS = 30
LEVELS = ("value", "mean", "slope")
"""Statistics that are linear in a channel's values, so that the statistic of an index is the index of statistics."""
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Condition:
    """Condition indices: weighted sums of channels, with the same weights for each statistic.

    direct: positions of the features that estimators read themselves; those of the trend windows are read only through
    the indices. columns: per statistic the positions of its channels' features. weights: channels by indices. fill:
    per statistic and channel what stands for a missing value.
    """

    direct: Sequence[int]
    columns: Sequence[Sequence[int]] = ()
    weights: Sequence[Sequence[float]] = ()
    fill: Sequence[Sequence[float]] = ()

    def read(self, matrix: Matrix) -> Matrix:
        """The features that estimators read themselves."""
        return matrix[:, list(self.direct)]

    def extend(self, matrix: Matrix) -> Matrix:
        """These and the indices of each statistic."""
        weights = np.array(self.weights)
        indices = []
        for columns, fill in zip(self.columns, self.fill, strict=True):
            values, usual = matrix[:, list(columns)].astype(np.float64), np.array(fill)
            indices.append((np.where(np.isnan(values), usual, values) - usual) @ weights)
        return np.column_stack([self.read(matrix), *indices]).astype(np.float32)

    def smooth_columns(self, features: Sequence[str]) -> list[int]:
        """Which of `extend`'s columns follow the wear smoothly: the age, changes since the start, and the indices; none
        where there are no indices. `features` names the columns that `extend` is given."""
        if not self.columns:
            return []
        told = [number for number, place in enumerate(self.direct) if _is_smooth(features[place])]
        indices = len(self.columns) * len(self.weights[0])
        return [*told, *range(len(self.direct), len(self.direct) + indices)]


def _is_smooth(feature: str) -> bool:
    return feature == AGE or feature.endswith(".change")


def direct_features(features: Sequence[str], trends: Sequence[str]) -> list[int]:
    """Positions of the features that look back over none of the windows named in `trends`."""
    trending = tuple(f".{statistic}_{trend}" for statistic in LEVELS for trend in trends)
    return [number for number, name in enumerate(features) if not name.endswith(trending)]


def fit_condition(matrix: Matrix, rul: Floats, cap: float, features: Sequence[str], trends: Sequence[str]) -> Condition:
    """Leading principal directions of the channels' changes near the failure, in units of their spread in health.

    `matrix` holds the training rows with these features, `rul` their remaining life in hours, capped at `cap`. Without
    trend windows, or where too few readings show health and wear, there are no indices.
    """
    direct = direct_features(features, trends)
    place = {name: number for number, name in enumerate(features)}
    channels = [name.removesuffix(".change") for name in features if name.endswith(".change")]
    near, healthy = rul < NEAR * cap, rul >= cap
    if not trends or min(near.sum(), healthy.sum()) < FEWEST_ROWS:
        return Condition(direct)
    changes = matrix[:, [place[f"{channel}.change"] for channel in channels]].astype(np.float64)
    noise = _spread(changes[healthy])
    clear = noise > 0
    channels = [channel for channel, told in zip(channels, clear, strict=True) if told]
    if not channels:
        return Condition(direct)
    worn = np.nan_to_num(changes[near][:, clear] / noise[clear])
    directions = np.linalg.svd(worn.T @ worn, hermitian=True)[0][:, :INDICES]
    columns = [
        [place[f"{channel}.{told}"] for channel in channels] for told in _shared_statistics(features, set(channels))
    ]
    return Condition(
        direct,
        columns,
        (directions / noise[clear][:, None]).tolist(),
        [np.nan_to_num(_mean(matrix[:, of_statistic])).tolist() for of_statistic in columns],
    )


def _shared_statistics(features: Sequence[str], channels: set[str]) -> list[str]:
    """Linear statistics that there are of every one of the channels, in their order."""
    told = [name.partition(".")[::2] for name in features]
    linear = sorted(
        (statistic, number, channel)
        for number, (channel, statistic) in enumerate(told)
        if channel in channels and statistic.partition("_")[0] in LEVELS
    )
    return [
        statistic
        for statistic, group in groupby(linear, key=lambda item: item[0])
        if {channel for _, _, channel in group} == channels
    ]


def _spread(values: Floats) -> Floats:
    """Per column the standard deviation of what is known; 0 for fewer than `FEWEST_ROWS` known values."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    mean = np.where(known, values, 0).sum(axis=0) / np.maximum(count, 1)
    squares = np.where(known, (values - mean) ** 2, 0).sum(axis=0)
    return np.where(count >= FEWEST_ROWS, np.sqrt(squares / np.maximum(count, 1)), 0.0)


def _mean(values: NDArray[np.float32]) -> Floats:
    known = ~np.isnan(values)
    mean: Floats = np.where(known, values, 0).sum(axis=0, dtype=np.float64) / np.maximum(known.sum(axis=0), 1)
    return mean
