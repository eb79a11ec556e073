"""What a cluster that cannot be had is told as."""

from __future__ import annotations

import sys

import pytest

from aftercare.embedded.ports import free_port
from domain.errors import ConfigurationError, UnavailableError
from pipelines import spread


def connect(scheduler: str) -> None:
    with spread.over_cluster(scheduler):
        pass


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prefect_dask.task_runners", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'aftercare\[dask\]'"):
        connect("tcp://127.0.0.1:8786")


def test_a_scheduler_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("prefect_dask")
    monkeypatch.setattr(spread, "LONGEST_WAIT", "1s")
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(UnavailableError, match=f"the Dask scheduler at {address} does not answer"):
        connect(address)
