"""Degradation physics of the simulated device models; pure numpy, no I/O. Formulas: docs/simulator.md."""

from device_sim.physics.compressor import COMPRESSOR
from device_sim.physics.heat_pump import HEAT_PUMP

PHYSICS = {physics.device_model: physics for physics in (HEAT_PUMP, COMPRESSOR)}

__all__ = ["PHYSICS"]
