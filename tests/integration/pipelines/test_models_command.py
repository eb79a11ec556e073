"""`aftercare models` on versions that were really trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from aftercare.cli import main
from pipelines.scoring import score_device_model
from pipelines.training import train_device_model

from .conftest import MODEL, NOW, TOO_FEW, TRAINED

if TYPE_CHECKING:
    from .conftest import Plant

MODE = TRAINED[0]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(plant: Plant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", plant.url)
    monkeypatch.setenv("AFTERCARE_CLOCK", f"{NOW.isoformat()}@0x0.000001")

    def ran(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()  # what training logged
        monkeypatch.setattr("sys.argv", ["aftercare", "models", *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
        return (int(leaving.value.code or 0), *capsys.readouterr())

    return ran


@pytest.fixture
def versions(plant: Plant) -> tuple[int, int]:
    """The champion of one failure mode and a challenger."""
    train_device_model(plant.application, plant.device_model, "")
    [(challenger, _), (champion, _)] = plant.rows(
        "SELECT model_version_id, status FROM model_versions WHERE failure_mode = %s ORDER BY status", MODE
    )
    return champion, challenger


def scoring_version(plant: Plant) -> int:
    plant.rows("DELETE FROM predictions WHERE acted_at IS NULL")
    score_device_model(plant.application, plant.device_model)
    found = plant.value(
        "SELECT model_version_id FROM predictions WHERE failure_mode = %s ORDER BY prediction_id DESC LIMIT 1", MODE
    )
    return int(found)


def test_promote_and_back_in_one_command_each(plant: Plant, run: Run, versions: tuple[int, int]) -> None:
    champion, challenger = versions
    assert scoring_version(plant) == champion

    code, out, _ = run("promote", str(challenger), "--who", "ada", "--reason", "field test")
    assert (code, out) == (0, f"{MODE} of {MODEL}: version {challenger} scores instead of version {champion}\n")
    assert scoring_version(plant) == challenger

    code, out, _ = run("rollback", MODEL, MODE, "--who", "ada", "--json")
    told = {"device_model": MODEL, "failure_mode": MODE, "champion": champion, "before": challenger}
    assert (code, json.loads(out)) == (0, told)
    audit = "SELECT who, action, object_id, detail ->> 'reason' FROM audit_log WHERE who = 'ada' ORDER BY audit_id"
    assert plant.rows(audit) == [
        ("ada", "promoted", str(challenger), "field test"),
        ("ada", "rolled back", str(champion), "rolled back by hand"),
    ]
    reasons = "SELECT status, reason FROM model_versions WHERE failure_mode = %s ORDER BY status"
    assert plant.rows(reasons, MODE) == [
        ("champion", "scores again after a roll-back: rolled back by hand"),
        ("retired", f"rolled back to version {champion}: rolled back by hand"),
    ]
    code, _, err = run("rollback", MODEL, MODE)
    assert (code, "there is none before it to go back to" in err) == (1, True)


def test_a_version_that_could_not_score_is_not_promoted(plant: Plant, run: Run, versions: tuple[int, int]) -> None:
    plant.rows("UPDATE model_artifacts SET content = 'nonsense'")
    code, _, err = run("promote", str(versions[1]))
    assert code == 1
    assert err.startswith(f"aftercare: model version {versions[1]}: model artifact ")
    assert "is damaged" in err
    assert plant.value("SELECT status FROM model_versions WHERE model_version_id = %s", versions[0]) == "champion"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("promote", "4711"), "there is no model version 4711: 'aftercare models list' shows them"),
        (("show", "4711"), "there is no model version 4711"),
        (("list", "nonsense"), "the catalog has no device model 'nonsense'; it has"),
        (("list", MODEL, "nonsense"), f"device model {MODEL} has no failure mode 'nonsense'"),
        (("rollback", MODEL, "nonsense"), f"device model {MODEL} has no failure mode 'nonsense'"),
        (("rollback", "nonsense", MODE), "the catalog has no device model 'nonsense'"),
    ],
)
def test_what_does_not_exist_is_one_line(run: Run, arguments: tuple[str, ...], told: str) -> None:
    code, _, err = run(*arguments)
    assert (code, len(err.splitlines())) == (1, 1)
    assert told in err


def test_what_is_piped_is_whole(run: Run, versions: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    _, out, _ = run("list", MODEL, MODE)
    assert f"{NOW:%Y-%m-%d %H:%M}" in out
    assert "the first version of this failure mode" in out


def test_list_and_show(run: Run, versions: tuple[int, int]) -> None:
    _, out, _ = run("list", MODEL, MODE, "--json")
    listed = [json.loads(line) for line in out.splitlines()]
    assert [(one["model_version_id"], one["status"]) for one in listed] == [
        (versions[1], "challenger"),
        (versions[0], "champion"),
    ]
    assert "not better than the champion" in listed[0]["reason"]
    assert listed[1]["reason"] == "the first version of this failure mode"
    _, out, _ = run("show", str(versions[0]), "--json")
    shown = json.loads(out)
    assert shown["code_version"].partition("+")[2]
    assert shown["device_count"] == 12
    assert len(shown["features"]) > 20
    assert [one["who"] for one in shown["championships"]] == ["training"]
    assert "champion since" in run("show", str(versions[0]))[1]
    assert f"no version of {MODEL} {TOO_FEW} yet" in run("list", MODEL, TOO_FEW)[1]
