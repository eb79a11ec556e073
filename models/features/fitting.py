"""Decides what the features of a failure mode are, from the history that it is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from domain.device_model import ChannelKind, DeviceModel, FailureMode
from models.features.ages import choose_attributes, component_hours, installed_hours
from models.features.channel_plan import channel_values, fit_channels, plan_channels, require_channels
from models.features.history import History
from models.features.names import group_of
from models.features.occurrences import choose_counts
from models.features.place import window_start
from models.features.plan import FeaturePlan
from models.features.regimes import fit_regimes
from models.features.stretches import Floats
from models.lives import HOUR_MS, Lives, find_lives


def fit_features(
    history: History, device_model: DeviceModel, mode: FailureMode, *, kin: Sequence[History] = (), seed: int = 0
) -> FeaturePlan:
    """Leave out what never varies, choose the events worth a count, and learn the operating regimes.

    kin: histories of other device models of the family, from which the regimes are learnt as well.
    Raises FrameError when a channel's column is missing or the readings are not sorted.
    """
    readings, settings = history.readings, device_model.features
    require_channels(readings, device_model)
    lives = find_lives(readings, history.events, device_model, mode)
    channels, fleets = plan_channels(device_model), [readings, *(other.readings for other in kin)]
    told = [channel for channel in channels if channel.kind is ChannelKind.SETTING]
    by_fleet = [dict(channel_values(told, fleet)) for fleet in fleets]
    regimes = fit_regimes(
        [channel.name for channel in told],
        np.concatenate([np.column_stack([np.empty((len(fleet), 0)), *by_name.values()])
                        for fleet, by_name in zip(fleets, by_fleet, strict=True)]),
        settings.regimes,
        seed,
    )  # fmt: skip
    events = history.events[history.events["device"].isin(lives.names)]
    plan = FeaturePlan(
        device_model=device_model.name,
        failure_mode=mode.name,
        settings=settings,
        windows=tuple(length for length in sorted(settings.windows) if _ever_holds_two(lives, length)),
        trends=tuple(length for length in sorted(settings.trends) if _ever_holds_two(lives, length)),
        channels=tuple(fit_channels(channels, fleets, regimes)),
        regimes=regimes,
        events=tuple(choose_counts(events, settings.event_kinds)),
        components=tuple(_dated_components(history, device_model, lives)),
        installed=_tells_more_than_age(installed_hours(history.devices, lives, _all(lives)), lives, device_model),
        attributes=tuple(choose_attributes(history.devices, device_model.attributes, lives.names)),
    )
    first = replace(history, readings=readings.iloc[:1])
    first_life = find_lives(first.readings, first.events, device_model, mode)
    order = [channel.name for channel in plan.channels]
    of_channels = [name for name, _ in plan.of_channels(first.readings, first_life, _all(first_life))]
    others = [name for name, _ in plan.of_devices(first, device_model, first_life, _all(first_life))]
    return replace(plan, columns=(*sorted(of_channels, key=lambda name: order.index(group_of(name))), *others))


def _ever_holds_two(lives: Lives, length: timedelta) -> bool:
    """A window that holds one reading at most tells nothing but its value: snapshots, or months between readings."""
    return bool((window_start(lives, _all(lives), length) < _all(lives)).any())


def _dated_components(history: History, device_model: DeviceModel, lives: Lives) -> list[str]:
    return [
        component.name
        for component in device_model.components
        if _tells_more_than_age(
            component_hours(history.components, history.events, device_model, component.name, lives, _all(lives)),
            lives,
            device_model,
        )
    ]


def _tells_more_than_age(hours: Floats, lives: Lives, device_model: DeviceModel) -> bool:
    """Whether this is known, and is not the age of the life under another name, which begins with a reading."""
    known = ~np.isnan(hours)
    differs = np.abs(hours - lives.age_ms / HOUR_MS)[known] > 2 * (device_model.reading_interval / timedelta(hours=1))
    return bool(differs.any())


def _all(lives: Lives) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(len(lives.ts))
