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
