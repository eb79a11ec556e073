"""The service desk under the role of the processes, what that role may not do, and the role that only reads."""

import psycopg
import pytest

from service_desk import shelves, tickets
from store.migrate import migrate

from .conftest import HOUR, START


@pytest.fixture
def owner_url(database_url):
    return database_url


@pytest.fixture
def desk(database_url, as_app, make_desk):
    with make_desk(as_app(database_url)) as desk:
        yield desk


def test_a_ticket_opens_takes_its_parts_and_is_planned(desk, serve_with):
    with desk.database.transaction() as connection:
        shelves.receive(connection, service_centre="north", part_no=desk.part_no, quantity=2, who="test", now=START)
    desk.act(desk.predict(desk.add_device("d1")))
    [(ticket_id,)] = desk.rows("SELECT ticket_id FROM tickets")
    with desk.database.transaction() as connection:
        tickets.plan(connection, ticket_id=ticket_id, planned_for=START + HOUR, who="test", now=START)
    with serve_with() as site, site.client() as client:
        assert client.get(f"/api/v1/tickets/{ticket_id}").json()["state"] == "planned"
        assert client.get("/tickets").status_code == 200
    desk.check_ledgers()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE tickets",
        "TRUNCATE tickets CASCADE",
        "ALTER TABLE devices ADD COLUMN mine text",
        "CREATE TABLE mine (id int)",
        "UPDATE audit_log SET who = 'nobody'",
        "DELETE FROM stock_journal",
        "INSERT INTO schema_migrations (name) VALUES ('mine')",
        "DROP TABLE readings_turbofan_fd001",
        "CREATE ROLE mine",
    ],
)
def test_it_may_change_no_table_and_rewrite_no_journal(desk, statement):
    with psycopg.connect(desk.database.url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_it_may_drop_chunks_of_readings_only(desk):
    with psycopg.connect(desk.database.url) as connection, pytest.raises(psycopg.errors.RaiseException):
        connection.execute("SELECT drop_old_chunks('devices', now())")


def test_a_reader_reads_all_but_password_hashes_and_writes_nothing(owner_url):
    for _ in range(2):
        report = migrate(owner_url, [], read_password="of-readers")
    assert report.roles == ["aftercare_read"]
    address = owner_url.rpartition("@")[2].removeprefix("postgresql://")

    with psycopg.connect(f"postgresql://aftercare_read:of-readers@{address}", autocommit=True) as reader:
        for table in ("telemetry", "tickets", "readings_turbofan_fd001", "rollup_1d_turbofan_fd001"):
            reader.execute(f"SELECT count(*) FROM {table}".encode())
        for statement in (
            b"SELECT * FROM device_credentials",
            b"SELECT * FROM receiver_secrets",
            b"DELETE FROM tickets",
            b"SELECT nextval('feed_numbers')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)
