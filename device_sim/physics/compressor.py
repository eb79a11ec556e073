"""An oil-injected screw compressor of 75 kW in a factory: shifts, seasons in the hall, three ways to fail."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from device_sim.physics.calendar import Hours
from device_sim.physics.device import DevicePhysics, Operation
from device_sim.physics.self_test import SelfCheck
from device_sim.physics.streams import Streams
from device_sim.physics.wear import Lives, WearMode

DECIMALS = {
    "load": 1,
    "ambient_temperature": 1,
    "discharge_temperature": 1,
    "oil_temperature": 1,
    "oil_pressure": 2,
    "vibration": 2,
    "motor_current": 1,
    "filter_pressure_drop": 1,
    "air_flow": 2,
    "run_hours": 1,
}
BEARING = WearMode("bearing_wear", "air_end", mean_life=24 * 122, sharpness=7.0)
FILTER = WearMode("clogged_intake_filter", "intake_filter", mean_life=24 * 118, sharpness=5.0, cleanable=0.7)
OIL = WearMode("oil_degradation", "oil_circuit", mean_life=24 * 120)
SELF_CHECKS = (
    SelfCheck("vibration_at_full_load", BEARING.component, BEARING.name, "mm/s", healthy=2.7, worn=5.2, limit=3.9),
    SelfCheck("filter_drop_at_full_load", FILTER.component, FILTER.name, "mbar", healthy=22.0, worn=56.2, limit=36.0),
    SelfCheck("oil_pressure_at_full_load", OIL.component, OIL.name, "bar", healthy=4.8, worn=4.38, limit=4.6),
)
AMPERE_PER_KW = 1.0 / (3**0.5 * 0.4 * 0.87)
FULL_FLOW = 12.5
"""m3/min at full load."""


def _operate(hours: Hours, outdoor: np.ndarray, streams: Streams) -> Operation:
    shifts = streams.generator("shifts").choice([0.45, 0.6, 0.72])
    day = np.where(hours.between(6, 22), shifts + 0.15, shifts - 0.2)
    week = np.where(hours.is_weekend, 0.35, 1.0)
    load = np.clip(day * week + streams.red_noise("orders", hours.count, sd=0.09, correlation=0.93), 0.05, 1.0)
    ambient = 17.0 + 0.45 * (outdoor - 10.0) + 5.0 * load + streams.generator("hall").normal(0.0, 1.5)
    running = np.minimum(1.0, 0.25 + 1.1 * load)
    healthy_oil = _oil_temperature(ambient, load)
    stress = {
        BEARING.name: 0.45 + 0.8 * load + 0.25 * load**3,
        FILTER.name: (0.3 + 1.3 * load) * streams.factor("dust", 0.15),
        OIL.name: running * 1.15 * 2 ** ((healthy_oil - 55.0) / 14.0),
    }
    hours_before = streams.generator("hours before").uniform(2_000, 20_000)
    quantities = {"load": load, "ambient": ambient, "run_hours": hours_before + np.cumsum(running)}
    return Operation(quantities, stress)


def _oil_temperature(ambient: np.ndarray, load: np.ndarray) -> np.ndarray:
    """Of a healthy machine, in degrees Celsius."""
    return ambient + 26.0 + 18.0 * load


def _measure(operation: Operation, lives: Lives, streams: Streams) -> Mapping[str, np.ndarray]:
    load, ambient = operation.quantities["load"], operation.quantities["ambient"]
    bearing, clogging, oil = (lives.signature[mode.name] for mode in (BEARING, FILTER, OIL))
    flow = FULL_FLOW * streams.factor("air end", 0.03) * load * (293.0 / (ambient + 273.15)) * (1 - 0.08 * clogging)
    drop = 4.0 + 18.0 * (load**2) * (1 + 1.9 * clogging)
    oil_temperature = (
        _oil_temperature(ambient, load)
        + streams.generator("cooler").normal(0.0, 1.0)
        + streams.red_noise("thermostat", len(load), sd=1.2, correlation=0.8)
        + 4.8 * oil
        + 3.0 * bearing
    )
    oil_pressure = 4.3 + 0.6 * load - 0.012 * (oil_temperature - 62.0) - 0.36 * oil
    power = 9.0 + 66.0 * load * (1 + 0.045 * clogging + 0.06 * bearing + 0.03 * oil)
    vibration = (1.6 + 1.1 * load) * streams.factor("foundation", 0.12) + (1.1 + 1.4 * load) * bearing
    noise = streams.sensors(len(load))
    return {
        "load": np.clip(100 * (load + noise("load", 0.01)), 0.0, 100.0),
        "ambient_temperature": ambient + noise("ambient", 0.4),
        "discharge_temperature": oil_temperature + 9.0 + 6.0 * load + 3.6 * oil + 3.0 * clogging + noise("air", 0.8),
        "oil_temperature": oil_temperature + noise("oil", 0.6),
        "oil_pressure": oil_pressure + noise("pressure", 0.09),
        "vibration": vibration * np.exp(streams.normal("rattle", len(load), 0.13)),
        "motor_current": AMPERE_PER_KW * power * (1 + noise("current", 0.015)),
        "filter_pressure_drop": np.maximum(drop * (1 + noise("drop", 0.1)), 0.0),
        "air_flow": np.maximum(flow * (1 + noise("flow", 0.015)), 0.0),
        "run_hours": operation.quantities["run_hours"],
    }


COMPRESSOR = DevicePhysics(
    device_model="compressor",
    prefix="SC",
    decimals=DECIMALS,
    modes=(BEARING, FILTER, OIL),
    harmless_errors=("communication_timeout", "grid_undervoltage", "condensate_drain_blocked"),
    self_checks=SELF_CHECKS,
    operate=_operate,
    measure=_measure,
)
