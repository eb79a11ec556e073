"""Instants of history: epoch milliseconds or ISO 8601, in a zone to be chosen where they name none. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.device_time import EARLIEST, LATEST

NO_INSTANT = "ts is not an instant from 1990 to 2099: give ISO 8601 (UTC unless it names a zone) or epoch milliseconds"
NOT_ONCE = "ts is an instant that the clocks of {zone} show twice or never, at a change of summer time: name its offset"
FUTURE = "ts lies in the future, beyond the tolerance of AFTERCARE_CLOCK_TOLERANCE"
NAMES_ZONE = r".*[T ].*(?:Z|z|[+-]\d\d(?::?\d\d)?)"


@dataclass(frozen=True, slots=True)
class Instants:
    """How instants are read. before: those at it (microseconds since 1970) and later are refused."""

    zone: tzinfo = UTC
    before: int = LATEST

    def read(self, fields: pd.Series) -> tuple[NDArray[np.int64], pd.Series]:
        """Microseconds since 1970 (UTC), and for each field why it is none, or ""."""
        reasons = pd.Series("", index=fields.index, dtype=object)
        if pd.api.types.is_datetime64_any_dtype(fields):
            instants, elsewhere = self._localized(fields)
        elif pd.api.types.is_numeric_dtype(fields):
            instants, elsewhere = _of_numbers(fields), None
        else:
            instants, elsewhere = self._of_texts(fields)
        ts = instants.dt.as_unit("us").astype("int64").to_numpy()
        good = instants.notna().to_numpy() & (ts >= EARLIEST) & (ts < LATEST)
        reasons[~good] = NO_INSTANT
        if elsewhere is not None:
            reasons[~good & elsewhere] = NOT_ONCE.format(zone=self.zone)
        reasons[good & (ts >= self.before)] = FUTURE
        return ts, reasons

    def _of_texts(self, fields: pd.Series) -> tuple[pd.Series, pd.Series | None]:
        if self.zone is UTC and pd.api.types.infer_dtype(fields) == "string":
            instants = pd.to_datetime(fields, format="ISO8601", utc=True, errors="coerce")
            if instants.notna().all():
                return instants, None
        texts = fields.astype("str").str.strip()
        digits = texts.str.fullmatch(r"\d{11,15}")
        aware = texts.str.fullmatch(NAMES_ZONE)
        instants = _of_numbers(pd.to_numeric(texts.where(digits), errors="coerce"))
        named = pd.to_datetime(texts.where(aware), format="ISO8601", utc=True, errors="coerce")
        naive = pd.to_datetime(texts.where(~aware & ~digits), format="ISO8601", errors="coerce")
        local, elsewhere = self._localized(naive)
        return instants.fillna(named).fillna(local), elsewhere

    def _localized(self, instants: pd.Series) -> tuple[pd.Series, pd.Series]:
        """In UTC, and which of them the clocks of the zone show twice or never."""
        if instants.dt.tz is not None:
            return instants.dt.tz_convert("UTC"), pd.Series(data=False, index=instants.index)
        local = instants.dt.tz_localize(self.zone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
        return local, instants.notna() & local.isna()


def _of_numbers(numbers: pd.Series) -> pd.Series:
    return pd.to_datetime(numbers, unit="ms", utc=True, errors="coerce")
