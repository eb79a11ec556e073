"""Labels: what became of the device after each reading, as far as it is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.device_model import DeviceModel, FailureMode
from models.lives import HOUR_MS, Lives, find_lives


def build_labels(
    readings: pd.DataFrame, events: pd.DataFrame, device_model: DeviceModel, mode: FailureMode
) -> pd.DataFrame:
    """One row per reading, with its index; only device and ts of the readings are read.

    fails_within: 1 when the life fails within the mode's horizon, 0 when it is known not to, NaN when it was
    censored before that was known. rul: hours to the failure; NaN in a censored life. survived: hours that the life
    is known to have gone on, to its failure or its censoring. life: its number.
    """
    return label_lives(find_lives(readings, events, device_model, mode), mode, readings.index)


def label_lives(lives: Lives, mode: FailureMode, index: pd.Index) -> pd.DataFrame:
    """As `build_labels`, for lives that have been found already."""
    left = lives.left_ms / HOUR_MS
    failed = lives.failed[lives.of_row]
    horizon = mode.horizon.total_seconds() / 3600
    within = np.where(left > horizon, 0.0, np.where(failed, 1.0, np.nan))
    return pd.DataFrame(
        {"fails_within": within, "rul": np.where(failed, left, np.nan), "survived": left, "life": lives.of_row},
        index=index,
    )


def capped_life(labels: pd.DataFrame, cap: float) -> NDArray[np.float64]:
    """Hours to the failure, at most `cap`: known of a censored life too, as long as it survived that long; else NaN."""
    capped: NDArray[np.float64] = np.where(labels["survived"] >= cap, cap, labels["rul"].to_numpy())
    return capped
