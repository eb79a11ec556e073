"""Operating regimes: stretches of similar settings, within which a channel's level is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from models.lives import Integers
from models.threads import one_thread

Floats = NDArray[np.float64]
MOST = 8
SAMPLE = 1_000
SMALLEST_SHARE = 0.02
"""A handful of readings far from all others is no regime."""
CLEARLY_APART = 0.75
"""Silhouette of regimes that are regimes: noise around one setting reaches 0.6 at most, six flight conditions 0.99."""


@dataclass(frozen=True, slots=True)
class Regimes:
    """Centres in settings that were divided by `scales`; `settings` names them. Without centres all is one regime."""

    settings: Sequence[str] = ()
    scales: Sequence[float] = ()
    centres: Sequence[Sequence[float]] = ()

    @property
    def count(self) -> int:
        """How many regimes there are, at least 1."""
        return max(len(self.centres), 1)

    def of(self, settings: Floats) -> Integers:
        """The number of the regime nearest to each row of settings; a setting without a value counts for nothing, and
        a row without any has regime -1."""
        nearest = np.zeros(len(settings), dtype=np.int64)
        if not self.centres:
            return nearest
        scaled, best = settings / np.array(self.scales), np.full(len(settings), np.inf)
        for number, centre in enumerate(self.centres):
            distance = np.nansum((scaled - np.array(centre)) ** 2, axis=1)
            closer = distance < best
            nearest[closer], best[closer] = number, distance[closer]
        nearest[np.isnan(settings).all(axis=1)] = -1
        return nearest


def fit_regimes(names: Sequence[str], settings: Floats, wanted: int | None, seed: int) -> Regimes:
    """So many regimes as wanted, or, with None, as many as are clearly apart: one where settings merely scatter."""
    with np.errstate(all="ignore"):
        rows = settings[np.isfinite(settings).all(axis=1)]
    if wanted == 1 or not names or len(rows) < 2:
        return Regimes()
    sample = np.random.default_rng(seed).permutation(rows)[:SAMPLE]
    scales = sample.std(axis=0)
    varying = scales > 1e-9 * np.abs(sample).max(axis=0)
    if not varying.any():
        return Regimes()
    scales = scales[varying]
    sample = sample[:, varying] / scales
    names = [name for name, varies in zip(names, varying, strict=True) if varies]
    centres = _cluster(sample, wanted, seed)
    if centres is None:
        return Regimes()
    return Regimes(tuple(names), tuple(scales.tolist()), tuple(tuple(centre) for centre in centres.tolist()))


def _cluster(sample: Floats, wanted: int | None, seed: int) -> Floats | None:
    distinct = len(np.unique(sample, axis=0))
    best, clearest = None, CLEARLY_APART
    for count in (wanted,) if wanted else range(2, MOST + 1):
        with one_thread():
            fitted = KMeans(min(count, distinct), n_init=3, random_state=seed).fit(sample)
        if wanted:
            return np.asarray(fitted.cluster_centers_, dtype=np.float64)
        if count > distinct - (distinct > len(sample) // 2):
            break
        clear = silhouette_score(sample, fitted.labels_)
        if clear > clearest and np.bincount(fitted.labels_).min() >= SMALLEST_SHARE * len(sample):
            best, clearest = np.asarray(fitted.cluster_centers_, dtype=np.float64), clear
    return best
