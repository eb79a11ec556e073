"""The public data sets as histories of device models, with their answers apart from what the models may see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from aftercare.wiring import load_catalog
from domain.device_model import DeviceModel
from domain.errors import InvalidInputError
from models.features import History

CATALOG = Path(__file__).parent.parent / "catalog"
EPOCH = pd.Timestamp("2024-01-01", tz="UTC")
HOUR = pd.Timedelta(hours=1)
EVENT_COLUMNS = ["device", "ts", "kind", "code", "component", "failure_mode"]


@dataclass(frozen=True, slots=True)
class PublicData:
    """Where the data sets lie. short: take few devices of each, enough to see that the benchmark runs."""

    folder: Path
    short: bool = False

    def some(self, history: History, devices: int) -> History:
        """The history of all devices, or when short of about so many, at most half of which fail."""
        return of_devices(history, few(history, devices)) if self.short else history


@dataclass(frozen=True, slots=True)
class Turbofans:
    """One subset of C-MAPSS, a cycle as an hour. truth: cycles that each test unit had left, by device, not capped."""

    device_model: DeviceModel
    training: History
    test: History
    truth: pd.Series[float]


def bench_catalog() -> dict[str, DeviceModel]:
    """The device models that ship and those of the benchmarks."""
    return {**load_catalog(), **load_catalog(CATALOG)}


def turbofans(data: PublicData, subset: str) -> Turbofans:
    """C-MAPSS subset FD001 or FD003. Raises InvalidInputError when a file is missing."""
    device_model, folder = bench_catalog()[f"turbofan_{subset.lower()}"], data.folder
    columns = ["unit", "cycle", *(channel.name for channel in device_model.channels)]
    training = _cycles(found(folder, "cmapss", f"train_{subset}.txt"), subset, "train", columns)
    test = _cycles(found(folder, "cmapss", f"test_{subset}.txt"), subset, "test", columns)
    ends = training.groupby("device", as_index=False)["ts"].max()
    [mode] = device_model.failure_modes
    events = _failures(ends["device"], ends["ts"], mode.event_codes[0], mode.component, mode.name)
    left = pd.read_csv(found(folder, "cmapss", f"RUL_{subset}.txt"), header=None)[0].astype(float)
    truth = left.set_axis(test["device"].unique())
    history, flying = History(training, events), History(test, events.iloc[:0])
    return Turbofans(device_model, data.some(history, 16), data.some(flying, 24), truth)


def device_failure(data: PublicData) -> tuple[DeviceModel, History]:
    """The fleet with daily counters; a device's last row is the day of its failure, when it failed."""
    device_model = bench_catalog()["device_failure"]
    rows = pd.read_csv(found(data.folder, "device_failure", "device_failure_to_2015-05-31.csv"))
    rows = rows.assign(ts=pd.to_datetime(rows["date"], utc=True)).drop_duplicates(["device", "ts"])
    rows = rows.sort_values(["device", "ts"], ignore_index=True)
    failed = rows[rows["failure"] == 1]
    events = _failures(failed["device"], failed["ts"], "failure", "device", "failure")
    return device_model, data.some(History(_readings(rows, device_model), events), 120)


def ai4i(data: PublicData) -> tuple[DeviceModel, History]:
    """Snapshots: those without failure are known to have gone on, which a maintenance event two hours later tells."""
    device_model = bench_catalog()["ai4i"]
    rows = pd.read_csv(found(data.folder, "ai4i", "ai4i2020.csv"))
    names = {
        "Air temperature [K]": "air_temperature",
        "Process temperature [K]": "process_temperature",
        "Rotational speed [rpm]": "speed",
        "Torque [Nm]": "torque",
        "Tool wear [min]": "tool_wear",
    }
    rows = rows.rename(columns=names).assign(device=[f"m{number:05d}" for number in rows["UDI"]], ts=EPOCH)
    failed = rows[rows["Machine_failure"] == 1]
    sound = rows[rows["Machine_failure"] == 0]
    events = pd.concat(
        [
            _failures(failed["device"], failed["ts"], "machine_failure", "machine", "machine_failure"),
            _failures(sound["device"], sound["ts"] + 2 * HOUR, "worn", "machine", "").assign(kind="maintenance"),
        ]
    ).sort_values(["device", "ts"], ignore_index=True)
    rows["hardness"] = rows["Type"].map({"L": 0, "M": 1, "H": 2})
    return device_model, data.some(History(_readings(rows, device_model), events), 300)


def found(folder: Path, subset: str, name: str) -> Path:
    """The file, packed or not. Raises InvalidInputError."""
    for path in (folder / subset / name, folder / subset / f"{name}.xz"):
        if path.is_file():
            return path
    raise InvalidInputError(f"{folder / subset} holds no {name} (or .xz): give the folder of the data sets with --data")


def few(history: History, devices: int) -> set[str]:
    """The first of the devices that fail, up to half as many as asked for, and the first of the others."""
    names = history.readings["device"].drop_duplicates()
    fails = names.isin(history.events.loc[history.events["kind"] == "failure", "device"])
    return {*names[fails].head(devices // 2), *names[~fails].head(devices // 2)}


def of_devices(history: History, names: set[str]) -> History:
    """What is known of these devices."""
    parts = {part: getattr(history, part) for part in ("readings", "events", "devices", "components")}
    return History(**{part: of[of["device"].isin(names)].reset_index(drop=True) for part, of in parts.items()})


def until(history: History, end: pd.Timestamp) -> History:
    """What was known at that instant."""
    return replace(
        history,
        readings=history.readings[history.readings["ts"] < end].reset_index(drop=True),
        events=history.events[history.events["ts"] < end].reset_index(drop=True),
    )


def _cycles(path: Path, subset: str, part: str, columns: list[str]) -> pd.DataFrame:
    rows = pd.read_csv(path, sep=r"\s+", header=None)
    if rows.shape[1] != len(columns):
        raise InvalidInputError(f"{path} has {rows.shape[1]} columns, C-MAPSS has {len(columns)}")
    rows.columns = columns
    rows["device"] = [f"{subset}-{part}-{unit:03d}" for unit in rows["unit"]]
    rows["ts"] = EPOCH + pd.to_timedelta(rows["cycle"], unit="h")
    channels = columns[2:]
    return rows.sort_values(["device", "ts"], ignore_index=True)[["device", "ts", *channels]].astype(
        dict.fromkeys(channels, np.float64)
    )


def _readings(rows: pd.DataFrame, device_model: DeviceModel) -> pd.DataFrame:
    channels = [channel.name for channel in device_model.channels]
    return rows[["device", "ts", *channels]].astype(dict.fromkeys(channels, np.float64)).reset_index(drop=True)


def _failures(devices: pd.Series, ts: pd.Series, code: str, component: str, mode: str) -> pd.DataFrame:
    told = {"device": devices, "ts": ts, "kind": "failure", "code": code, "component": component, "failure_mode": mode}
    return pd.DataFrame(told)[EVENT_COLUMNS].reset_index(drop=True)
