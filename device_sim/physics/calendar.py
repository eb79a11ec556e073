"""The hours of a simulation as arrays, and the weather in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from device_sim.physics.streams import Streams

HOUR = 3600
DAYS_PER_YEAR = 365.2425
WARMEST_DAY = 200
WARMEST_HOUR = 15


@dataclass(frozen=True, slots=True)
class Hours:
    """Consecutive hours; `epoch` is each one's instant in whole seconds since 1970, UTC."""

    epoch: np.ndarray

    @property
    def count(self) -> int:
        return len(self.epoch)

    @property
    def hour_of_day(self) -> np.ndarray:
        """0 to 24, in UTC."""
        return np.asarray(self.epoch % (24 * HOUR) / HOUR)

    @property
    def is_weekend(self) -> np.ndarray:
        return np.asarray((self.epoch // (24 * HOUR) + 3) % 7 >= 5)  # 1970-01-01 was a Thursday

    @property
    def day_of_year(self) -> np.ndarray:
        """0 to 365.2425, close enough for a season."""
        return np.asarray(self.epoch / (24 * HOUR) % DAYS_PER_YEAR)

    def between(self, first: float, last: float) -> np.ndarray:
        """True in the hours of the day from `first` to before `last`."""
        return (self.hour_of_day >= first) & (self.hour_of_day < last)


@dataclass(frozen=True, slots=True)
class Climate:
    """Mean outdoor temperature of a region and half the swing of its year and of its day, in K."""

    mean: float
    year: float
    day: float


def outdoor_temperature(hours: Hours, climate: Climate, streams: Streams) -> np.ndarray:
    """Outdoor temperature in degrees Celsius: season, day and night, and fronts that pass in a few days."""
    season = np.cos(2 * np.pi * (hours.day_of_year - WARMEST_DAY) / DAYS_PER_YEAR)
    daytime = np.cos(2 * np.pi * (hours.hour_of_day - WARMEST_HOUR) / 24)
    fronts = streams.red_noise("fronts", hours.count, sd=3.5, correlation=0.985)
    return np.asarray(climate.mean + climate.year * season + climate.day * daytime + fronts)
