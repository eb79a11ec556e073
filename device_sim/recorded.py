"""Reads recorded readings and events from CSV files, in the form that `Fleet.write_csv` writes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from device_sim.errors import InvalidSimulationError

DEVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
NO_EVENTS = pd.DataFrame({"device": [], "ts": pd.DatetimeIndex([], tz="UTC"), "kind": [], "code": [], "component": []})


def read_readings(path: Path) -> pd.DataFrame:
    """Columns device, ts and one per channel. Raises InvalidSimulationError naming the file and the line."""
    frame = _read(path, ["device", "ts"])
    channels = [column for column in frame.columns if column not in ("device", "ts")]
    if not channels:
        raise InvalidSimulationError(f"{path} has no channel: give columns device, ts and one per channel")
    for channel in channels:
        numbers = pd.to_numeric(frame[channel], errors="coerce")
        _refuse_first(path, numbers.isna() & frame[channel].notna(), frame[channel], f"{channel} is no number:")
        frame[channel] = numbers
    _refuse_first(path, frame[channels].isna().all(axis=1), frame["device"], "there is no value in any channel of")
    return frame


def read_events(path: Path) -> pd.DataFrame:
    """Columns device, ts, kind and, where given, code, component and detail (a JSON object).

    Raises InvalidSimulationError naming the file and the line.
    """
    frame = _read(path, ["device", "ts", "kind"])
    if "detail" in frame:
        details = [_detail(path, line, text) for line, text in enumerate(frame["detail"], 2)]
        frame = frame.assign(detail=pd.Series(details, dtype=object))
    return frame


def _read(path: Path, needed: Sequence[str]) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype={"device": str, "ts": str, "code": str, "component": str, "detail": str})
    except OSError as error:
        raise InvalidSimulationError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise InvalidSimulationError(f"{path} is not a CSV file: {str(error).strip()}") from error
    missing = [column for column in needed if column not in frame]
    if missing:
        raise InvalidSimulationError(f"{path} has no column {missing[0]!r}: its header needs {','.join(needed)}")
    _refuse_first(path, ~frame["device"].fillna("").str.fullmatch(DEVICE_NAME), frame["device"], "no device's name:")
    instants = pd.to_datetime(frame["ts"], utc=True, errors="coerce", format="ISO8601")
    _refuse_first(path, instants.isna(), frame["ts"], "no time in ISO 8601:")
    return frame.assign(ts=instants)


def _refuse_first(path: Path, wrong: pd.Series[bool], values: pd.Series[Any], problem: str) -> None:
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise InvalidSimulationError(f"{path} line {row + 2}: {problem} {values.iloc[row]!r}")


def _detail(path: Path, line: int, text: object) -> dict[str, Any] | None:
    if not isinstance(text, str):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InvalidSimulationError(f"{path} line {line}: detail is not a JSON object: {text!r}")
    return value
