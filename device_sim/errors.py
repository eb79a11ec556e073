"""Errors of the simulator; every message names the thing and says what to do."""


class SimulatorError(Exception):
    """Base of every error that the simulator raises on purpose."""


class InvalidSimulationError(SimulatorError, ValueError):
    """A fleet, a file, an address or a clock that was given is wrong."""


class BrokerError(SimulatorError):
    """The broker cannot be reached, or refuses the client."""
