"""Held-out predictions as bytes and back: what a later challenger is compared with."""

from __future__ import annotations

import io
from hashlib import sha256
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from models.errors import ArtifactError

MOST_ROWS = 200_000
"""What is kept of one version: whole devices, the same ones in every training as far as they go."""

NOTHING = pd.DataFrame(
    {
        "device": pd.Series([], dtype="str"),
        "ts": pd.Series([], dtype="datetime64[us, UTC]"),
        "risk": pd.Series([], dtype="float64"),
    }
)


TOLD = ("raw", "predicted", "left")
"""What `models.out_of_fold.Told` holds of each reading: raw risk, remaining life, and hours left."""


def pack(held_out: pd.DataFrame) -> bytes:
    """Device, ts, risk, fold and `TOLD` of a frame sorted by device and ts; at most `MOST_ROWS` of it, by device."""
    kept = held_out[held_out["device"].isin(_devices_kept(held_out["device"]))]
    codes, names = pd.factorize(kept["device"])
    arrays: dict[str, Any] = {
        "names": np.array(list(names), dtype=np.str_),
        "device": codes.astype(np.int32),
        "ts": kept["ts"].to_numpy("datetime64[us]").astype(np.int64),
        **{name: kept[name].to_numpy(np.float32) for name in ("risk", "fold", *TOLD) if name in kept},
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def unpack(content: bytes) -> pd.DataFrame:
    """Columns device, ts (UTC), risk, and for versions that hold them fold and `TOLD`. Raises ArtifactError when the
    bytes are damaged."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            names, codes = arrays["names"].astype(object), arrays["device"]
            devices = names[codes] if len(names) else np.empty(0, dtype=object)
            ts = pd.to_datetime(arrays["ts"], unit="us", utc=True)
            told = {name: arrays[name].astype(np.float64) for name in ("risk", "fold", *TOLD) if name in arrays}
            return pd.DataFrame({"device": pd.Series(devices, dtype="str"), "ts": ts, **told})
    except (BadZipFile, EOFError, IndexError, KeyError, OSError, ValueError) as error:
        raise ArtifactError(f"the held-out predictions are damaged: {error}") from error


def _devices_kept(devices: pd.Series[str]) -> list[str]:
    rows = devices.value_counts(sort=False)
    in_order = rows.iloc[np.argsort([sha256(str(name).encode()).digest() for name in rows.index])]
    return [str(name) for name in in_order.index[in_order.cumsum() <= MOST_ROWS]]
