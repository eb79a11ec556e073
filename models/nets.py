"""Small neural nets that learn side by side and tell the mean of what each of them tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin

from models.calibration import Floats

NETS = 4
LAYERS = (32, 16)
STEPS, BATCH, RATE = 2800, 128, 0.008
"""How often the weights are changed, from how many rows at a time, and by how much at first."""
FIRST_MOMENT, SECOND_MOMENT, TINY = 0.9, 0.999, 1e-8
Matrix = NDArray[np.float32]


class SmallNets(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A regressor of two hidden layers on standardised columns, several times over from different weights at first.

    The rate falls to nothing along half a cosine (I. Loshchilov and F. Hutter, 2017, "SGDR"), which scikit-learn's net
    has no way to ask for; nets that are multiplied together also take half as long. What is missing is read as the
    mean of the training rows, and what lies beyond them as their end: a net would go on in a straight line, wherever
    that leads.
    """

    def __init__(self, columns: Sequence[int] = (), seed: int = 0) -> None:
        """columns: positions of those that are read."""
        self.columns = columns
        self.seed = seed

    def fit(self, matrix: Matrix, answers: Floats) -> SmallNets:
        """Learn from the rows; at least one."""
        chosen = matrix[:, list(self.columns)]
        known = ~np.isnan(chosen)
        count = np.maximum(known.sum(axis=0), 1)
        self.usual_ = (np.where(known, chosen, 0).sum(axis=0, dtype=np.float64) / count).astype(np.float32)
        filled = np.where(known, chosen, self.usual_)
        self.least_, self.most_ = filled.min(axis=0), filled.max(axis=0)
        self.middle_, self.spread_ = filled.mean(axis=0, dtype=np.float64), _some(filled.std(axis=0, dtype=np.float64))
        self.mean_, self.scale_ = float(answers.mean()), float(_some(answers.std()))
        target = ((answers - self.mean_) / self.scale_).astype(np.float32)
        self.weights_, self.offsets_ = _descend(self._standardised(matrix), target, np.random.default_rng(self.seed))
        return self

    def predict(self, matrix: Matrix) -> Floats:
        """One answer per row."""
        told = _forward(self._standardised(matrix)[None], self.weights_, self.offsets_)[-1]
        answers: Floats = told[..., 0].mean(axis=0, dtype=np.float64) * self.scale_ + self.mean_
        return answers

    def _standardised(self, matrix: Matrix) -> Matrix:
        chosen = matrix[:, list(self.columns)]
        within = np.clip(np.where(np.isnan(chosen), self.usual_, chosen), self.least_, self.most_)
        told: Matrix = ((within - self.middle_) / self.spread_).astype(np.float32)
        return told


@dataclass(slots=True)
class _Adam:
    """Adam (D. Kingma and J. Ba, 2015) on one array of weights."""

    weights: Matrix
    first: Matrix
    second: Matrix

    def move(self, slope: Matrix, rate: float, step: int) -> None:
        self.first += (1 - FIRST_MOMENT) * (slope - self.first)
        self.second += (1 - SECOND_MOMENT) * (slope**2 - self.second)
        fair = rate * np.sqrt(1 - SECOND_MOMENT**step) / (1 - FIRST_MOMENT**step)
        self.weights -= np.float32(fair) * self.first / (np.sqrt(self.second) + TINY)


def _descend(rows: Matrix, target: Matrix, random: np.random.Generator) -> tuple[list[Matrix], list[Matrix]]:
    """Weights (nets by inputs by outputs) and offsets (nets by 1 by outputs) of each layer, by least squares."""
    sizes = (rows.shape[1], *LAYERS, 1)
    shapes = list(pairwise(sizes))
    weights = [_glorot((NETS, inputs, outputs), inputs + outputs, random) for inputs, outputs in shapes]
    offsets = [_glorot((NETS, 1, outputs), inputs + outputs, random) for inputs, outputs in shapes]
    moving = [_Adam(array, np.zeros_like(array), np.zeros_like(array)) for array in (*weights, *offsets)]
    batch, dealt = min(BATCH, len(rows)), np.empty((NETS, 0), dtype=np.int64)
    for step in range(1, STEPS + 1):
        if dealt.shape[1] < batch:
            dealt = random.permuted(np.tile(np.arange(len(rows)), (NETS, 1)), axis=1)
        drawn, dealt = dealt[:, :batch], dealt[:, batch:]
        slopes = _slopes(rows[drawn], target[drawn], weights, offsets)
        rate = RATE * (1 + np.cos(np.pi * step / STEPS)) / 2
        for one, slope in zip(moving, slopes, strict=True):
            one.move(slope, rate, step)
    return weights, offsets


def _slopes(rows: Matrix, target: Matrix, weights: list[Matrix], offsets: list[Matrix]) -> list[Matrix]:
    """Of half the mean square error, by the weights and then the offsets of each layer."""
    told = _forward(rows, weights, offsets)
    error = (told[-1] - target[..., None]) / np.float32(target.shape[1])
    by_weights, by_offsets = [], []
    for layer in reversed(range(len(weights))):
        below = told[layer]
        by_weights.append(below.transpose(0, 2, 1) @ error)
        by_offsets.append(error.sum(axis=1, keepdims=True))
        if layer:
            error = (error @ weights[layer].transpose(0, 2, 1)) * (below > 0)
    return [*reversed(by_weights), *reversed(by_offsets)]


def _forward(rows: Matrix, weights: list[Matrix], offsets: list[Matrix]) -> list[Matrix]:
    """What each layer is given, and what the last one tells."""
    told = [rows]
    for weight, offset in zip(weights[:-1], offsets[:-1], strict=True):
        told.append(np.maximum(told[-1] @ weight + offset, 0))
    return [*told, told[-1] @ weights[-1] + offsets[-1]]


def _glorot(shape: tuple[int, int, int], ends: int, random: np.random.Generator) -> Matrix:
    """X. Glorot and Y. Bengio, 2010."""
    drawn: Matrix = (random.uniform(-1, 1, shape) * np.sqrt(6 / ends)).astype(np.float32)
    return drawn


def _some(spread: Floats) -> Floats:
    """1 in place of 0."""
    return np.where(spread > 0, spread, 1.0)
