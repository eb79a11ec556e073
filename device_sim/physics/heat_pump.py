"""An air-to-water heat pump of 14 kW with propane (R290): heating, hot water, three ways to fail."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from device_sim.physics.calendar import Hours
from device_sim.physics.device import DevicePhysics, Operation
from device_sim.physics.self_test import SelfCheck
from device_sim.physics.streams import Streams
from device_sim.physics.wear import Lives, WearMode

DECIMALS = {
    "outdoor_temperature": 1,
    "supply_temperature": 1,
    "return_temperature": 1,
    "water_flow": 3,
    "suction_pressure": 2,
    "discharge_pressure": 2,
    "superheat": 1,
    "discharge_gas_temperature": 1,
    "compressor_speed": 1,
    "compressor_power": 2,
    "compressor_vibration": 2,
}
LEAK = WearMode("refrigerant_leak", "refrigerant_circuit", mean_life=24 * 118)
FOULING = WearMode("fouled_condenser", "condenser", mean_life=24 * 118, sharpness=5.0)
BEARING = WearMode("worn_compressor_bearing", "compressor", mean_life=24 * 122, sharpness=7.0)
SELF_CHECKS = (
    SelfCheck("superheat_at_half_load", LEAK.component, LEAK.name, "K", healthy=6.5, worn=12.0, limit=9.0),
    SelfCheck("flow_at_full_speed", FOULING.component, FOULING.name, "m3/h", healthy=1.9, worn=1.48, limit=1.7),
    SelfCheck("vibration_at_full_speed", BEARING.component, BEARING.name, "mm/s", healthy=2.1, worn=3.9, limit=3.0),
)
KELVIN = 273.15
WATER_HEAT = 1.163
"""kWh per m3 and K."""


def saturation_pressure(celsius: np.ndarray) -> np.ndarray:
    """Vapour pressure of propane in bar: Clausius-Clapeyron through 4.74 bar at 0 and 17.13 bar at 50 degrees."""
    return np.exp(9.859 - 2268.0 / (celsius + KELVIN))


def _operate(hours: Hours, outdoor: np.ndarray, streams: Streams) -> Operation:
    outdoor = outdoor + streams.generator("site").normal(0.0, 1.0)
    heat_loss = 0.28 * streams.factor("building", 0.15)
    setback = np.where(hours.between(6, 22), 1.0, 0.85) * np.where(hours.is_weekend, 1.05, 1.0)
    heating = heat_loss * np.maximum(0.0, 17.0 - outdoor) * setback
    tapping = hours.between(6, 9) * 2.5 + hours.between(18, 22) * 1.8 + 0.5
    habits = np.exp(streams.red_noise("habits", hours.count, sd=0.2, correlation=0.9))
    demand = heating + tapping * habits * streams.factor("household", 0.2)
    curve = 36.0 + 0.8 * np.clip(15.0 - outdoor, 0.0, 25.0) + streams.generator("heating curve").normal(0.0, 1.5)
    load = np.clip(demand / _capacity(outdoor), 0.15, 1.0)
    stress = {
        LEAK.name: 0.75 + 0.6 * load,
        FOULING.name: (0.7 + 0.7 * load) * streams.factor("water hardness", 0.15),
        BEARING.name: 0.6 + 1.1 * load**1.5,
    }
    return Operation({"outdoor": outdoor, "demand": demand, "supply": curve}, stress)


def _capacity(outdoor: np.ndarray) -> np.ndarray:
    """Heat at full speed in kW."""
    return 14.0 * (1 + 0.022 * (outdoor - 7.0))


def _measure(operation: Operation, lives: Lives, streams: Streams) -> Mapping[str, np.ndarray]:
    outdoor, supply = operation.quantities["outdoor"], operation.quantities["supply"]
    leak, fouling, bearing = (lives.signature[mode.name] for mode in (LEAK, FOULING, BEARING))
    # A low charge and a fouled plate both cost capacity; the controller answers with speed.
    load = np.clip(operation.quantities["demand"] / (_capacity(outdoor) * (1 - 0.2 * leak - 0.06 * fouling)), 0.15, 1.0)
    heat = load * _capacity(outdoor) * (1 - 0.2 * leak - 0.06 * fouling)
    evaporating = outdoor - 5.0 - 4.0 * load - 4.5 * leak
    condensing = supply + (1.5 + 3.0 * load) * (1 + 1.5 * fouling) - 1.5 * leak
    superheat = 6.0 + 1.0 * load + 5.5 * leak + streams.red_noise("valve", len(load), sd=0.9, correlation=0.7)
    carnot = (condensing + KELVIN) / np.maximum(condensing - evaporating, 10.0)
    power = heat / (0.46 * streams.factor("compressor", 0.03) * carnot) * (1 + 0.15 * bearing) + 0.08
    gas = condensing + 10.0 + 1.1 * superheat + 0.22 * (condensing - evaporating) + 9.0 * bearing
    flow = 1.9 * streams.factor("pump", 0.04) * (0.92 + 0.08 * load) * (1 - 0.22 * fouling)
    vibration = (1.4 + 0.7 * load) * streams.factor("mounting", 0.12) + (0.9 + 0.9 * load) * bearing
    noise = streams.sensors(len(load))
    return {
        "outdoor_temperature": outdoor + noise("outdoor", 0.3),
        "supply_temperature": supply + noise("supply", 0.4),
        "return_temperature": supply - heat / (WATER_HEAT * flow) + noise("return", 0.4),
        "water_flow": flow * (1 + noise("flow", 0.02)),
        "suction_pressure": saturation_pressure(evaporating) * (1 + noise("suction", 0.02)),
        "discharge_pressure": saturation_pressure(condensing) * (1 + noise("discharge", 0.015)),
        "superheat": np.maximum(superheat + noise("superheat", 0.4), 0.0),
        "discharge_gas_temperature": gas + noise("gas", 1.0),
        "compressor_speed": 25.0 + 65.0 * load + noise("speed", 0.8),
        "compressor_power": power * (1 + noise("power", 0.03)),
        "compressor_vibration": vibration * np.exp(streams.normal("rattle", len(load), 0.15)),
    }


HEAT_PUMP = DevicePhysics(
    device_model="heat_pump",
    prefix="HP",
    decimals=DECIMALS,
    modes=(LEAK, FOULING, BEARING),
    harmless_errors=("communication_timeout", "defrost_prolonged", "grid_undervoltage"),
    self_checks=SELF_CHECKS,
    operate=_operate,
    measure=_measure,
)
