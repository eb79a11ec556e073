"""The report of a model version on its page, from the API, and on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aftercare.cli.main import commands
from tests.model_reports import some_report


@pytest.fixture
def reported(site: Any) -> Any:
    """The desk's model version with a report."""
    mode = site.desk.device_model.failure_modes[0]
    site.desk.rows("UPDATE model_versions SET report = %s", json.dumps(some_report(mode)))
    return site


def test_pages_show_the_figures_and_plots(reported: Any) -> None:
    with reported.client() as client:
        listed = client.get("/models")
        assert f'href="/models/{reported.desk.model_version_id}"' in listed.text
        page = client.get(f"/models/{reported.desk.model_version_id}")
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["content-security-policy"]
        for text in (
            "Failures caught in time",
            "on a later time",
            "Is the risk true?",
            'class="whisker"',
            "Where it comes",
        ):
            assert text in page.text or text.capitalize() in page.text, text
        assert " style=" not in page.text
        assert "<script>" not in page.text


def test_a_version_without_a_report_says_so_and_an_unknown_one_is_not_found(site: Any) -> None:
    with site.client() as client:
        assert "train the device model again" in client.get(f"/models/{site.desk.model_version_id}").text
        assert client.get("/models/999999").status_code == 404
        assert client.get("/models/x").status_code == 422
        assert client.get("/api/v1/model-versions/999999/report").status_code == 404


def test_drift_is_on_the_page_and_in_the_api(site: Any) -> None:
    version = site.desk.model_version_id
    with site.client() as client:
        assert "<h2>Drift</h2>" not in client.get(f"/models/{version}").text
        told = client.get(f"/api/v1/model-versions/{version}/drift").json()
        assert told == {"model_version_id": version, "measured_at": None, "findings": []}
        assert client.get("/api/v1/model-versions/999999/drift").status_code == 404

        for day, subject, measure, drifted in ((1, "old.value", 0.9, True), (2, "calm.value", 0.2, False),
                                               (2, "hot.value", 0.8, True)):  # fmt: skip
            site.desk.rows(
                "INSERT INTO drift_findings (model_version_id, measured_at, kind, subject, measure, boundary, sample, "
                "drifted, message) VALUES (%s, %s, 'input', %s, %s, 0.5, 40, %s, 'Heat <higher> than in training')",
                version, f"2026-02-0{day}T00:00Z", subject, measure, drifted,
            )  # fmt: skip
        told = client.get(f"/api/v1/model-versions/{version}/drift").json()
        assert [(one["subject"], one["drifted"]) for one in told["findings"]] == [
            ("hot.value", True),
            ("calm.value", False),
        ]
        assert told["measured_at"].startswith("2026-02-02T00:00:00")
        page = client.get(f"/models/{version}").text
    assert "hot.value" in page
    assert "Heat &lt;higher&gt; than in training" in page
    assert "old.value" not in page


def test_the_api_gives_the_figures_of_the_page(reported: Any) -> None:
    with reported.client() as client:
        told = client.get(f"/api/v1/model-versions/{reported.desk.model_version_id}/report").json()
    [devices, time] = told["report"]["splits"]
    assert (devices["split"], time["split"]) == ("devices", "time")
    assert len(devices["figures"]["alarm_recall_in_time"]) == 3


def test_evaluate_prints_the_figures_and_writes_the_page(
    reported: Any, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "120")
    page = tmp_path / "report.html"
    shown = CliRunner().invoke(commands, ["evaluate", "--report", str(page)])
    assert shown.exit_code == 0, shown.output
    for text in ("Failures caught in time", "other devices", "a later time", "False tickets per device-year", " to "):
        assert text in shown.output
    assert page.read_text(encoding="utf-8").count("<svg") == 6
    [told] = json.loads(CliRunner().invoke(commands, ["evaluate", "turbofan_fd001", "--json"]).output)
    assert told["report"]["splits"][0]["figures"]["auc"][0] is not None
    wrong = CliRunner().invoke(commands, ["evaluate", "--report", str(tmp_path / "no" / "folder.html")])
    assert "cannot be written" in str(wrong.exception)
    nothing = CliRunner().invoke(commands, ["evaluate", "no_such_model"])
    assert "the catalog has no device model 'no_such_model'" in str(nothing.exception)
