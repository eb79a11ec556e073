"""Settings out of the environment and a file, and mistakes in them told by name."""

import pytest

from aftercare.settings import load_settings
from domain.errors import ConfigurationError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AFTERCARE_LOG_LEVEL", "loud"),
        ("AFTERCARE_HTTP_PORT", "99999"),
        ("AFTERCARE_METRICS_PORT", "-1"),
        ("AFTERCARE_SCORE_INTERVAL", "0s"),
        ("AFTERCARE_TRAIN_INTERVAL", "weekly"),
        ("AFTERCARE_INGEST_SESSION_EXPIRY", "0s"),
    ],
)
def test_a_wrong_value_is_told_with_the_name_of_its_setting(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=f"^{name} is wrong: "):
        load_settings()


def test_an_empty_variable_is_none(monkeypatch):
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", "")
    monkeypatch.setenv("AFTERCARE_HTTP_PORT", "")

    settings = load_settings()

    assert settings.database_url is None
    assert settings.http_port == 8080


def test_a_file_that_is_not_toml_is_named(monkeypatch, tmp_path):
    config = tmp_path / "aftercare.toml"
    config.write_text("http_port 8080")
    monkeypatch.setenv("AFTERCARE_CONFIG", str(config))

    with pytest.raises(ConfigurationError, match=rf"{config} is not valid TOML: .*line 1"):
        load_settings()
