"""Which storage tier a database is, whoever asks: its owner before and after the migration, and the processes."""

import uuid
from contextlib import contextmanager, suppress

import psycopg
import pytest
from psycopg import sql

from aftercare.embedded import EmbeddedPostgres, Origin, find_binaries
from store.database import Tier, connect, detect_tier
from store.migrate import migrate


@contextmanager
def owned_by_nobody_special(server_url):
    """A new database whose owner has no other right on the server; its address as the server's owner and as its own.

    The role of customers' users is there, as docs/access.md asks of who owns the server.
    """
    name = f"owner_{uuid.uuid4().hex[:12]}"
    address = server_url.rpartition("/")[0]
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'of-the-tests'").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
        with suppress(psycopg.errors.DuplicateObject):  # each migration of this server makes it too
            connection.execute("CREATE ROLE aftercare_customer NOLOGIN")
        connection.execute(sql.SQL("GRANT aftercare_customer TO {} WITH ADMIN OPTION").format(sql.Identifier(name)))
    try:
        yield f"{address}/{name}", f"postgresql://{name}:of-the-tests@{address.rpartition('@')[2]}/{name}"
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            for statement in ("DROP DATABASE {} WITH (FORCE)", "DROP ROLE {}"):
                connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def tier_at(url):
    with connect(url) as connection:
        return detect_tier(connection)


def test_an_owner_without_rights_on_the_server_gets_hypertables(binaries, server_url, catalog, as_app):
    if binaries.origin is Origin.WHEELS:
        pytest.skip("this server has no TimescaleDB")
    with owned_by_nobody_special(server_url) as (of_the_server, of_the_database):
        assert tier_at(of_the_database).has_hypertables

        report = migrate(of_the_database, [catalog["heat_pump"]])

        assert {report.tier} == {tier_at(url) for url in (of_the_server, of_the_database, as_app(of_the_server))}
        with connect(of_the_database) as connection:
            tables = connection.execute("SELECT hypertable_name FROM timescaledb_information.hypertables").fetchall()
        assert ("readings_heat_pump",) in tables


def test_postgresql_without_timescaledb_is_plain_to_everybody(tmp_path, monkeypatch, catalog, as_app):
    monkeypatch.setattr("aftercare.embedded.binaries._look_in", lambda *_: None)  # what a machine without packages has
    with (
        EmbeddedPostgres(find_binaries(tmp_path), tmp_path, name="plain", throwaway=True) as server,
        owned_by_nobody_special(server.url_of("postgres")) as (of_the_server, of_the_database),
    ):
        assert {tier_at(of_the_server), tier_at(of_the_database)} == {Tier.PLAIN}

        assert migrate(of_the_database, [catalog["heat_pump"]]).tier is Tier.PLAIN

        assert tier_at(as_app(of_the_server)) is Tier.PLAIN
