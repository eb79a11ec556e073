"""Held-out predictions survive storage, and no more of them is kept than has room."""

from __future__ import annotations

import pandas as pd
import pytest

from models import held_out
from models.errors import ArtifactError
from models.held_out import NOTHING, TOLD, pack, unpack
from models.training import TrainingOutcome


def test_what_is_packed_comes_out(outcome: TrainingOutcome) -> None:
    out = unpack(pack(outcome.held_out))
    assert out["device"].tolist() == outcome.held_out["device"].tolist()
    assert out["ts"].tolist() == outcome.held_out["ts"].tolist()
    for name in ("risk", "fold", *TOLD):
        assert out[name].to_numpy() == pytest.approx(outcome.held_out[name].to_numpy(), rel=1e-6)


def test_whole_devices_are_kept_and_the_same_ones_later(
    outcome: TrainingOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_out, "MOST_ROWS", 1000)
    kept = unpack(pack(outcome.held_out))
    assert kept.groupby("device").size().tolist() == [300, 300, 300]
    later = outcome.held_out[outcome.held_out["ts"] > outcome.held_out["ts"].median()]
    assert set(kept["device"]) <= set(unpack(pack(later))["device"])


def test_nothing_is_something() -> None:
    pd.testing.assert_frame_equal(unpack(pack(NOTHING)), NOTHING, check_dtype=False)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"nonsense"])
def test_damage_is_told(content: bytes) -> None:
    with pytest.raises(ArtifactError, match="held-out predictions are damaged"):
        unpack(content)
