"""Champions: when two trainings of one failure mode end at once, and on the way back."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.errors import ConflictError, NotFoundError
from domain.prediction import ModelStatus, ModelVersion
from store.championships import beginnings, promote, roll_back
from store.database import Database
from store.model_versions import add_version, champions, get_version, start_training_run, versions
from store.retry import in_transaction

MODEL, MODE = "turbofan_fd001", "hpc_degradation"
AT = datetime(2026, 1, 1, tzinfo=UTC)
VERSION = ModelVersion(
    MODEL, MODE, "failure", ModelStatus.CHAMPION, 0.5, {}, AT, AT, 1, 1, ["age"], "0", {}, artifact_sha256="a"
)
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def test_of_two_first_trainings_that_end_at_once_the_later_one_is_a_challenger(database_url):
    def add(connection):
        run_id = start_training_run(connection, device_model=MODEL, flow_run_id="", at=AT)
        return add_version(connection, training_run_id=run_id, version=VERSION, artifact=b"", at=AT)

    with Database(database_url) as database, ThreadPoolExecutor() as other:
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
            late = get_version(connection, version_id)

    assert champion.model_version_id != version_id
    assert (late.status, late.reason) == (
        "challenger",
        f"version {champion.model_version_id} became the champion during the training",
    )


@pytest.fixture
def connection(database_url):
    with Database(database_url) as database, database.transaction() as connection:
        yield connection


def test_each_roll_back_leads_one_further_back(connection):
    first, second, third = (add_champion(connection, artifact) for artifact in "abc")
    assert statuses(connection) == {first: "retired", second: "retired", third: "champion"}

    assert back(connection) == (third, second)
    assert back(connection) == (second, first)
    assert statuses(connection) == {first: "champion", second: "retired", third: "retired"}
    with pytest.raises(ConflictError, match=f"version {first} is the first champion"):
        back(connection)

    promote(connection, model_version_id=third, who="engineer", reason="it was right", at=AT)
    assert back(connection) == (third, first)
    assert [(one.who, one.reason) for one in beginnings(connection, model_version_id=third)] == [
        ("training", "better"),
        ("engineer", "it was right"),
    ]


def test_who_changed_the_champion_is_in_the_audit_log(connection):
    first, second = (add_champion(connection, artifact) for artifact in "ab")
    back(connection)
    told = connection.execute("SELECT who, action, object_kind, object_id, detail FROM audit_log ORDER BY audit_id")
    names = {"device_model": MODEL, "failure_mode": MODE}
    assert list(told) == [
        ("training", "promoted", "model_version", str(first), {**names, "reason": "better"}),
        ("training", "promoted", "model_version", str(second), {**names, "reason": "better"}),
        ("engineer", "rolled back", "model_version", str(first), {**names, "reason": "false alarms"}),
    ]


def test_only_the_newest_challenger_waits(connection):
    champion = add_champion(connection, "a")
    one, other = (add(connection, replace(VERSION, status=ModelStatus.CHALLENGER)) for _ in range(2))
    assert statuses(connection) == {champion: "champion", one: "retired", other: "challenger"}


def test_a_run_that_stores_a_version_again_gets_the_one_it_has(connection):
    version_id = add_champion(connection, "a")
    run_id = get_version(connection, version_id).training_run_id
    again = replace(VERSION, artifact_sha256="b")
    assert add_version(connection, training_run_id=run_id, version=again, artifact=b"", at=AT) == version_id
    assert statuses(connection) == {version_id: "champion"}


def test_what_does_not_exist_is_named(connection):
    with pytest.raises(NotFoundError, match=r"no model version 7: .*models list"):
        promote(connection, model_version_id=7, who="x", reason="", at=AT)
    with pytest.raises(NotFoundError, match="has no champion"):
        back(connection)
    champion = add_champion(connection, "a")
    with pytest.raises(ConflictError, match=f"version {champion} is the champion of {MODE} already"):
        promote(connection, model_version_id=champion, who="x", reason="", at=AT)


def add(connection, version, beaten=None):
    run_id = start_training_run(connection, device_model=MODEL, flow_run_id="", at=AT)
    return add_version(connection, training_run_id=run_id, version=version, artifact=b"", at=AT, beaten=beaten)


def add_champion(connection, artifact):
    now = champions(connection, device_model=MODEL)
    version = replace(VERSION, artifact_sha256=artifact, reason="better")
    return add(connection, version, now[0].model_version_id if now else None)


def back(connection):
    names = {"device_model": MODEL, "failure_mode": MODE}
    return roll_back(connection, **names, who="engineer", reason="false alarms", at=AT)


def statuses(connection):
    return {version.model_version_id: version.status for version in versions(connection)}


def database_says(database, statement):
    with database.transaction() as connection:
        return connection.execute(statement).fetchone()[0]
