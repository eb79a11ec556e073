"""`aftercare backtest policy` on a fleet's stored history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from aftercare.cli import main

from .conftest import MODEL, NOW, TOO_FEW, TRAINED

if TYPE_CHECKING:
    from .conftest import Plant


def test_policies_are_told_for_each_failure_mode_with_enough_failures(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", plant.url)
    monkeypatch.setenv("AFTERCARE_CLOCK", f"{NOW.isoformat()}@0x0.000001")
    monkeypatch.setattr("sys.argv", ["aftercare", "backtest", "policy", "--device-model", MODEL, "--json"])
    with pytest.raises(SystemExit) as leaving:
        main()
    told = capsys.readouterr()
    assert not leaving.value.code, told.err
    assert TOO_FEW in told.err
    documents = json.loads(told.out.splitlines()[-1])
    assert {document["failure_mode"] for document in documents} == set(TRAINED)
    for document in documents:
        policies = {policy["policy"]: policy for policy in document["policies"]}
        assert policies["clairvoyant"]["failures"] == 0
        assert policies["run to failure"]["failures"] >= 5
        assert min(policy["ratio_to_clairvoyant"] for policy in policies.values()) == 1.0
