"""Which channels carry nothing, in training and in what is scored."""

from __future__ import annotations

import numpy as np
import pandas as pd

from domain.device_model import DeviceModel
from models.silent_channels import channels_lately, channels_needed, silent_channels
from models.training import TrainingOutcome

Fleet = tuple[pd.DataFrame, pd.DataFrame]


def test_each_channel_is_silent_for_its_own_reason(fleet: Fleet, pump: DeviceModel) -> None:
    readings, _ = fleet
    assert silent_channels(readings, pump) == {"constant": ["speed", "stuck"], "never_seen": ["absent"]}
    stale = readings.assign(temperature=999.0).drop(columns="vibration")
    assert silent_channels(stale, pump) == {
        "constant": ["speed", "stuck"],
        "never_seen": ["vibration", "absent"],
        "implausible": ["temperature"],
    }


def test_a_channel_that_no_device_sent_lately_is_missed(
    fleet: Fleet, pump: DeviceModel, outcome: TrainingOutcome
) -> None:
    readings, _ = fleet
    assert channels_needed([outcome.model]) == {"vibration", "temperature"}
    assert channels_lately(readings, pump) == {"speed", "vibration", "temperature", "stuck"}
    hours = readings.groupby("device").cumcount()
    silenced = readings.assign(
        vibration=readings["vibration"].where(hours < 270, np.nan),
        temperature=readings["temperature"].where((hours < 270) | (readings["device"] == "pump-03"), 999.0),
    )
    assert channels_lately(silenced, pump) == {"speed", "temperature", "stuck"}
    assert channels_lately(readings.iloc[:0], pump) == set()
