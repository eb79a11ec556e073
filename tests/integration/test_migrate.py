"""Migration on the real server."""

import psycopg

from store.migrate import migrate
from store.sql import load


def test_migrating_again_changes_nothing(database_url, catalog):
    report = migrate(database_url, list(catalog.values()))

    assert report.applied == []
    assert report.new_columns == []


def test_every_query_file_can_be_prepared(database_url):
    with psycopg.connect(database_url) as connection:
        assert connection.execute(load("database")["storage_tier"]).fetchone()


def test_readings_tables_have_one_column_per_channel(database_url, catalog):
    with psycopg.connect(database_url) as connection:
        for model in catalog.values():
            rows = connection.execute(load("database")["table_columns"], {"table": model.readings_table}).fetchall()
            assert {name for (name,) in rows} == {"ts", "device_id", "extra"} | {c.name for c in model.channels}
