"""Migration on the real server."""

from dataclasses import replace

import psycopg
import pytest

from aftercare.cli.main import main
from store.migrate import migrate
from store.sql import load


def test_migrating_again_changes_nothing(database_url, catalog):
    report = migrate(database_url, list(catalog.values()))

    assert report.applied == []
    assert (report.new_columns, report.new_tables) == ([], [])


def test_every_query_file_can_be_prepared(database_url):
    with psycopg.connect(database_url) as connection:
        assert connection.execute(load("database")["storage_tier"]).fetchone()


def test_readings_tables_have_one_column_per_channel(database_url, catalog):
    with psycopg.connect(database_url) as connection:
        for model in catalog.values():
            rows = connection.execute(load("database")["table_columns"], {"table": model.readings_table}).fetchall()
            assert {name for (name,) in rows} == {"ts", "device_id", "extra"} | {c.name for c in model.channels}


def test_each_table_of_a_new_device_model_is_told(database_url, catalog):
    model = replace(catalog["turbofan_fd001"], name="fan")

    report = migrate(database_url, [model])

    assert {"readings_fan", "latest_fan"} < set(report.new_tables)
    with psycopg.connect(database_url) as connection:
        for table in report.new_tables:
            assert connection.execute(load("database")["table_columns"], {"table": table}).fetchall()


@pytest.mark.parametrize("command", ["evaluate", "replay-rejected", "stock list"])
def test_a_command_on_a_database_without_schema_says_to_migrate(monkeypatch, capsys, server_url, command):
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", server_url)
    monkeypatch.setattr("sys.argv", ["aftercare", *command.split()])

    with pytest.raises(SystemExit, match="1"):
        main()

    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("aftercare: ")
    assert line.endswith("run 'aftercare migrate'")


def test_migrating_leaves_views_that_people_built_on_telemetry(database_url, catalog):
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE VIEW hot AS SELECT device FROM telemetry WHERE value > 100")

    migrate(database_url, list(catalog.values()))

    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM hot").fetchone() == (0,)


@pytest.mark.parametrize(
    "command", ["ingest", "upkeep", "serve", "deliver", "flows --in-process", "migrate", "stock list"]
)
def test_a_database_that_a_later_version_migrated_is_refused(monkeypatch, capsys, database_url, mqtt_url, command):
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO schema_migrations (name) VALUES ('9999_later.sql')")
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", database_url)
    monkeypatch.setenv("AFTERCARE_MQTT_URL", mqtt_url)
    monkeypatch.setenv("AFTERCARE_HTTP_PORT", "0")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setattr("sys.argv", ["aftercare", *command.split()])
    monkeypatch.setattr("signal.signal", lambda *_: None)

    with pytest.raises(SystemExit, match="1"):
        main()

    line = capsys.readouterr().err.splitlines()[-1]
    assert "has 9999_later.sql, of which this version of Aftercare knows nothing" in line
