"""Azure's sample: failures by component, told from error log, replacements and age alone.

The error log nearly gives the answer away, so these figures show that logs are put to use, not skill. The telemetry of
one machine is a format sample and is left out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from bench.figures import Figure
from bench.models.data import EVENT_COLUMNS, PublicData, bench_catalog, found
from bench.models.figures import beside
from bench.models.planner import planner_figures
from domain.device_model import DeviceModel
from models.features import History
from models.training import train

START, END = pd.Timestamp("2015-01-03", tz="UTC"), pd.Timestamp("2016-01-01", tz="UTC")
"""The failures of 2 January are a seed batch without replacements."""
STEP = "12h"


def measure(data: PublicData) -> list[Figure]:
    """Held-out risk of failing within a day, asked twice a day."""
    device_model, history = azure_logs(data)
    figures = []
    for mode in device_model.failure_modes[: 1 if data.short else None]:
        outcome = train(history, device_model, mode)
        known = outcome.held_out.dropna(subset="fails_within")
        truth, risk = known["fails_within"], known["risk"]
        name = f"Azure {mode.component} from logs (plumbing, not skill)"
        figures += [
            *beside(
                f"{name}: average precision", float(average_precision_score(truth, risk)),
                {"share that fails": float(np.mean(truth))},
            ),
            *beside(f"{name}: AUC", float(roc_auc_score(truth, risk)), {"by chance": 0.5}),
            *planner_figures(name, outcome),
        ]  # fmt: skip
    return figures


def azure_logs(data: PublicData) -> tuple[DeviceModel, History]:
    """The 100 machines with readings that measure nothing, so that there are instants to ask at."""
    declared = bench_catalog()["azure_pdm"]
    columns = {"datetime": "ts", "machineID": "device", "failure": "code", "errorID": "code", "comp": "component"}
    logs = {
        kind: pd.read_csv(found(data.folder, "azure_pdm", f"PdM_{file}.csv")).rename(columns=columns).assign(kind=kind)
        for kind, file in (("failure", "failures"), ("error", "errors"), ("maintenance", "maint"))
    }
    logs["failure"] = logs["failure"].assign(
        component=logs["failure"]["code"], failure_mode=logs["failure"]["code"] + "_failure"
    )
    logs["maintenance"] = logs["maintenance"].assign(code="worn")
    events = pd.concat(logs.values()).fillna({"component": "", "failure_mode": ""})
    events = events.assign(ts=pd.to_datetime(events["ts"], utc=True), device=_names(events["device"]))
    events = events[(events["ts"] >= START) | (events["kind"] == "maintenance")]
    machines = pd.read_csv(found(data.folder, "azure_pdm", "PdM_machines.csv"))
    devices = pd.DataFrame({"device": _names(machines["machineID"]), "model": machines["model"]}).assign(
        years=machines["age"].astype(float), installed_at=pd.Series(pd.NaT, machines.index, "datetime64[us, UTC]")
    )
    instants = pd.date_range(START, END, freq=STEP)
    readings = devices[["device"]].merge(pd.DataFrame({"ts": instants}), how="cross")
    history = History(
        readings.sort_values(["device", "ts"], ignore_index=True),
        events[EVENT_COLUMNS].sort_values(["device", "ts"], ignore_index=True),
        devices,
    )
    return replace(declared, channels=()), data.some(history, 24)


def _names(numbers: pd.Series) -> pd.Series:
    return pd.Series([f"m{number:03d}" for number in numbers], numbers.index)
