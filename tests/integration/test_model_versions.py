"""Champions when two trainings of one failure mode end at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from domain.prediction import ModelStatus, ModelVersion
from store.database import Database
from store.model_versions import add_version, champions, start_training_run
from store.retry import in_transaction

MODEL, MODE = "turbofan_fd001", "hpc_degradation"
AT = datetime(2026, 1, 1, tzinfo=UTC)
VERSION = ModelVersion(
    MODEL, MODE, "failure", ModelStatus.CHAMPION, 0.5, {}, AT, AT, 1, 1, ["age"], "0", {}, artifact_sha256="a"
)
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def test_of_two_trainings_that_end_at_once_the_later_one_is_champion(database_url):
    def add(connection):
        run_id = start_training_run(connection, device_model=MODEL, flow_run_id="", at=AT)
        return add_version(connection, training_run_id=run_id, version=VERSION, artifact=b"", at=AT)

    with Database(database_url) as database, ThreadPoolExecutor() as other:
        in_transaction(database, add)
        with database.transaction() as connection:
            add(connection)
            later = other.submit(in_transaction, database, add)
            deadline = time.monotonic() + 10
            while database_says(database, WAITING) == 0:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        version_id = later.result(10)
        with database.transaction() as connection:
            [champion] = champions(connection, device_model=MODEL)

    assert champion.model_version_id == version_id


def database_says(database, statement):
    with database.transaction() as connection:
        return connection.execute(statement).fetchone()[0]
