"""`aftercare backtest policy` on a fleet's stored history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from aftercare.cli import main
from aftercare.cli.demo.policies import policy_table, replay_history
from service_desk.policy.replay import POLICIES

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


def test_the_demo_tells_the_same_for_the_device_model_as_a_whole(plant: Plant) -> None:
    rows = replay_history(plant.application.database, [plant.device_model])
    cheapest = min(rows, key=lambda row: row.minor_per_device_year)
    assert [row.policy for row in rows] == list(POLICIES)
    assert (cheapest.policy, cheapest.failures) == ("clairvoyant", 0)
    assert rows[0].planned_visits == 0
    assert policy_table(rows).row_count == len(POLICIES)
