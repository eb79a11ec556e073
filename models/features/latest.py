"""Features of each device's latest reading for several failure modes, which share what their lives have in common."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from domain.device_model import DeviceModel, FailureMode
from models.features.channel_plan import require_channels
from models.features.history import History
from models.features.names import group_of
from models.features.plan import FeaturePlan, Matrix, latest_rows
from models.lives import Integers, Lives, find_lives


@dataclass(frozen=True, slots=True)
class LatestFeatures:
    """What is built of one history, and kept for the failure modes that follow."""

    history: History
    device_model: DeviceModel
    _built: list[_Built] = field(default_factory=list)

    def build(self, plan: FeaturePlan, mode: FailureMode) -> pd.DataFrame:
        """`plan.build` with `latest_only`, to the bit; raises the same.

        Where a device's present life begins where it begins for a mode before, and both plans read channels alike, the
        channels' features are taken from there: most components are never renewed, and see one and the same life.
        """
        readings = self.history.readings
        require_channels(readings, self.device_model)
        lives = find_lives(readings, self.history.events, self.device_model, mode)
        asked = latest_rows(lives.device)
        begins = lives.first_row[lives.of_row[asked]]
        matrix = np.full((len(plan.columns), len(asked)), np.nan, dtype=np.float32)
        of_channels = _channel_lines(plan)
        missing = np.ones(len(asked), dtype=bool)
        for other in self._built:
            if plan.reads_channels_like(other.plan):
                same = missing & (begins == other.begins)
                matrix[of_channels, same] = other.channels[:, same]
                missing &= ~same
        self._fill(matrix, plan, mode, lives, missing)
        plan.fill_devices(matrix, self.history, self.device_model, lives, asked)
        self._built.append(_Built(plan, begins, matrix[of_channels]))
        return plan.frame(matrix, readings.index[asked])

    def _fill(self, matrix: Matrix, plan: FeaturePlan, mode: FailureMode, lives: Lives, missing: np.ndarray) -> None:
        if missing.all():
            plan.fill_channels(matrix, self.history.readings, lives, latest_rows(lives.device))
        elif missing.any():
            readings = self.history.readings[missing[lives.device]]
            some = find_lives(readings, self.history.events, self.device_model, mode)
            columns = np.empty((len(matrix), missing.sum()), dtype=np.float32)
            plan.fill_channels(columns, readings, some, latest_rows(some.device))
            of_channels = _channel_lines(plan)
            matrix[of_channels, missing] = columns[of_channels]


@dataclass(frozen=True, slots=True)
class _Built:
    """plan's features of channels, by devices. begins: of each device the row in which its present life begins."""

    plan: FeaturePlan
    begins: Integers
    channels: Matrix


def _channel_lines(plan: FeaturePlan) -> slice:
    """Channels' features stand before all others."""
    channels = {channel.name for channel in plan.channels}
    return slice(sum(group_of(name) in channels for name in plan.columns))
