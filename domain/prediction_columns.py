"""Predictions of many devices as columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PredictionColumns:
    """Predictions of one failure mode, a device each, which have one horizon.

    as_of: microseconds since 1970 (UTC). lives: per row the lower end, middle and upper end of the remaining useful
    life, in hours. failed_by: per row `Prediction.failed_by`, all of one length, which is 0 for those that tell none.
    """

    horizon: timedelta
    device_id: NDArray[np.int64]
    service_centre: NDArray[np.object_]
    as_of: NDArray[np.int64]
    risk: NDArray[np.float64]
    lives: NDArray[np.float64]
    failed_by: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.risk)

    def part(self, rows: slice | NDArray[np.bool_]) -> PredictionColumns:
        """Some of them."""
        return PredictionColumns(
            self.horizon,
            self.device_id[rows],
            self.service_centre[rows],
            self.as_of[rows],
            self.risk[rows],
            self.lives[rows],
            self.failed_by[rows],
        )
