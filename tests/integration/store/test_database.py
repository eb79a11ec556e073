import pytest

from store.database import Database, connect


@pytest.mark.parametrize("way", ["alone", "pooled"])
def test_the_server_watches_every_connection_of_ours(database_url, way):
    def told(connection):
        return [
            connection.execute(f"SHOW {name}").fetchone()[0] for name in ("tcp_keepalives_idle", "tcp_user_timeout")
        ]

    if way == "alone":
        with connect(database_url) as connection:
            assert told(connection) == ["5", "20000"]
    else:
        with Database(database_url) as database, database.transaction() as connection:
            assert told(connection) == ["5", "20000"]


def test_a_connection_that_the_server_has_closed_is_not_handed_out(database_url):
    def session(database):
        with database.transaction() as connection:
            return connection.info.backend_pid

    with Database(database_url, max_size=1) as database, connect(database_url, autocommit=True) as server:
        first = session(database)
        assert session(database) == first
        server.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))
        assert session(database) != first
