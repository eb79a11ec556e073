"""History of every shape comes in as it is and is trained, evaluated and scored, or a clear reason says why not.

The extracts are made here in the shape of the public data sets, which are read too where they are at hand.
"""

import json
import os
import shutil
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql

from aftercare.cli.main import commands
from aftercare.wiring import load_catalog
from store.database import Database
from store.migrate import migrate

pytestmark = pytest.mark.usefixtures("quick_training")

ROOT = Path(__file__).parent.parent.parent
CATALOG = ROOT / "bench" / "catalog"
DATA = ROOT.parent / "shared" / "data"
NOW = "2026-01-01T00:00:00Z"
START = pd.Timestamp("2024-01-01", tz="UTC")
HOUR, DAY = pd.Timedelta(hours=1), pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def shapes_template(server_url):
    """Name of a database migrated for the benchmarks' device models, to copy."""
    name = f"shapes_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        migrate(server_url.rsplit("/", 1)[0] + "/" + name, list(load_catalog(CATALOG).values()))
        # TimescaleDB's own workers connect to every database, and a database in use cannot be copied.
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        yield name
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def aftercare(server_url, shapes_template, monkeypatch, tmp_path):
    """Runs a command on a database of the benchmarks' device models; gives the outcome and its JSON, if any."""
    name = f"shapes_{uuid.uuid4().hex[:12]}"
    url = server_url.rsplit("/", 1)[0] + "/" + name
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(shapes_template))
        )
        monkeypatch.setenv("AFTERCARE_DATABASE_URL", url)
        monkeypatch.setenv("AFTERCARE_CATALOG_DIR", str(CATALOG))
        monkeypatch.setenv("AFTERCARE_CLOCK", f"{NOW}@{pd.Timestamp.now().timestamp()}x1")
        monkeypatch.delenv("PREFECT_API_URL", raising=False)
        monkeypatch.chdir(tmp_path)

        def run(*arguments):
            outcome = CliRunner().invoke(commands, [*map(str, arguments), "--json"])
            lines = [line for line in outcome.stdout.splitlines() if line[:1] in "{["]
            return outcome, json.loads(lines[-1]) if lines else None

        yield run
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def brought(aftercare, device_model, **tables):
    """Imports the tables as CSV files; gives the report."""
    arguments = ["import", "--device-model", device_model]
    for kind, table in tables.items():
        table.to_csv(f"{kind}.csv", index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
        arguments += [f"--{kind}", f"{kind}.csv"]
    outcome, report = aftercare(*arguments)
    assert outcome.exit_code == 0, outcome.output
    return report


def wearing(devices, readings, step, failing, channels, seed=0):
    """Readings of devices of which the first `failing` wear out towards their last reading, and their failures."""
    random = np.random.default_rng(seed)
    tables, events = [], []
    for number in range(devices):
        ts = (
            START + step * np.arange(1, readings + 1)
            if isinstance(step, pd.Timedelta)
            else START + pd.to_timedelta(step(random))
        )
        ends = number < failing
        wear = np.linspace(0, 1, len(ts)) ** 3 * ends
        table = {name: 50 + 20 * wear + random.normal(0, 1, len(ts)) for name in channels}
        tables.append(pd.DataFrame({"device": f"m{number:04d}", "ts": ts, **table}))
        if ends:
            events.append({"device": f"m{number:04d}", "ts": ts[-1], "kind": "failure"})
    return pd.concat(tables, ignore_index=True), pd.DataFrame(events)


def test_hourly_telemetry_with_error_and_maintenance_logs(aftercare):
    channels = ["volt", "rotate", "pressure", "vibration"]
    readings, failures = wearing(10, 150, HOUR, 6, channels)
    failures = failures.assign(code="comp1", component="comp1")
    errors = failures.assign(ts=failures["ts"] - 5 * HOUR, kind="error", code="error2", component="")
    visits = pd.DataFrame(
        [{"device": "m0008", "ts": START + 80 * HOUR, "kind": "maintenance", "code": "worn", "component": "comp2"}]
    )
    events = pd.concat([failures, errors, visits])
    devices = pd.DataFrame({"name": readings["device"].unique(), "installed_at": "2020-01-01", "model": "model3"})
    devices["years"] = range(10)

    report = brought(aftercare, "azure_pdm", readings=readings, events=events, devices=devices)
    assert (report["devices"], report["readings"], report["events"]) == (10, 1500, 13)

    trained, modes = aftercare("train", "azure_pdm")
    assert trained.exit_code == 0, trained.output
    problems = {mode["failure_mode"]: mode["problem"] for mode in modes}
    assert problems["comp1_failure"] == ""
    assert "0 failures" in problems["comp2_failure"]
    evaluated, figures = aftercare("evaluate", "azure_pdm")
    assert (evaluated.exit_code, [row["failure_mode"] for row in figures]) == (0, ["comp1_failure"])


def test_daily_counters_with_rare_failures(aftercare):
    readings, failures = wearing(60, 40, DAY, 6, ["attribute1"])
    counters = [f"attribute{number}" for number in (2, 3, 4, 5, 6, 7, 9)]
    readings[counters] = 0
    late = readings.groupby("device").cumcount() > 30
    fails = readings["device"].isin(failures["device"])
    readings["attribute4"] = np.where(late & fails, 7, 0)
    readings = readings.sample(frac=1, random_state=0)  # unordered
    readings = pd.concat([readings, readings.head(50)])  # and some of it twice

    report = brought(aftercare, "device_failure", readings=readings, events=failures.assign(code="failure"))
    assert (report["readings"], report["merged"], report["conflicts"]) == (2400, 50, 0)

    trained, [mode] = aftercare("train", "device_failure")
    assert (trained.exit_code, mode["problem"], mode["failures"]) == (0, "", 6)
    assert mode["average_precision"] > 0.5


def test_snapshots_each_of_a_device_of_its_own(aftercare):
    random = np.random.default_rng(0)
    count = 1000
    readings = pd.DataFrame(
        {
            "device": [f"s{number}" for number in range(count)],
            "ts": START,
            "air_temperature": 300.0,
            "process_temperature": 310.0,
            "speed": random.normal(1500, 100, count),
            "torque": random.normal(40, 10, count),
            "tool_wear": random.uniform(0, 240, count),
            "hardness": 1,
        }
    )
    failed = readings["torque"] > 52
    events = pd.DataFrame(
        {
            "device": readings["device"],
            "ts": np.where(failed, START, START + 2 * HOUR),
            "kind": np.where(failed, "failure", "maintenance"),
            "code": np.where(failed, "machine_failure", "worn"),
            "component": "machine",
        }
    )

    report = brought(aftercare, "ai4i", readings=readings, events=events)
    assert (report["devices"], report["readings"], report["events"]) == (count, count, count)

    trained, [mode] = aftercare("train", "ai4i")
    assert (trained.exit_code, mode["problem"], mode["failures"]) == (0, "", failed.sum())
    assert mode["average_precision"] > 0.9


def test_months_between_readings(aftercare):
    def irregular(random):
        return np.cumsum(random.choice([1.0, 2.0, 30.0, 75.0], 12)) * DAY

    readings, failures = wearing(30, 12, irregular, 10, ["attribute1", "attribute5"])

    report = brought(aftercare, "device_failure", readings=readings, events=failures.assign(code="failure"))
    assert report["readings"] == 360

    trained, [mode] = aftercare("train", "device_failure")
    assert (trained.exit_code, mode["problem"], mode["failures"]) == (0, "", 10)


@pytest.mark.parametrize("failing", [0, 4])
def test_too_few_failures_are_told_and_nothing_is_scored(aftercare, failing):
    readings, failures = wearing(8, 60, DAY, failing, ["attribute1"])
    tables = {"readings": readings} | ({"events": failures.assign(code="failure")} if failing else {})
    brought(aftercare, "device_failure", **tables)

    trained, [mode] = aftercare("train", "device_failure")
    scored, _ = aftercare("score")

    assert trained.exit_code == 1
    assert f"{failing} failures" in mode["problem"]
    assert scored.exit_code == 0


def test_a_device_model_that_no_migration_has_seen_is_one_line(aftercare, monkeypatch, tmp_path):
    catalog = tmp_path / "catalog"
    shutil.copytree(CATALOG, catalog)
    text = (catalog / "device_failure.toml").read_text().replace('name = "device_failure"', 'name = "later"', 1)
    (catalog / "later.toml").write_text(text)
    monkeypatch.setenv("AFTERCARE_CATALOG_DIR", str(catalog))
    readings, _ = wearing(2, 5, DAY, 0, ["attribute1"])
    readings.to_csv("readings.csv", index=False)

    for command in (["import", "--device-model", "later", "--readings", "readings.csv"], ["train"], ["score"]):
        outcome, _ = aftercare(*command)
        assert outcome.exit_code == 1
        assert "device model later is in the catalog and not in the database yet: run 'aftercare migrate'" in str(
            outcome.exception or outcome.output
        )


def test_five_failures_are_enough_and_the_latest_readings_are_scored(aftercare, monkeypatch):
    readings, failures = wearing(8, 60, DAY, 5, ["attribute1"])
    brought(aftercare, "device_failure", readings=readings, events=failures.assign(code="failure"))
    monkeypatch.setenv("AFTERCARE_CLOCK", f"{(START + 61 * DAY).isoformat()}@{pd.Timestamp.now().timestamp()}x1")

    trained, [mode] = aftercare("train", "device_failure")
    scored, counts = aftercare("score")

    assert (trained.exit_code, mode["problem"], mode["failures"]) == (0, "", 5)
    assert scored.exit_code == 0, scored.output
    assert (counts["devices"], counts["new"]) == (8, 8)


def public(name):
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{path} is not at hand")
    return path


def test_the_public_azure_log_comes_in_by_renaming_its_columns(aftercare):
    telemetry = public("azure_pdm/PdM_telemetry_FIRST_10000_ROWS_ONLY.csv.xz")
    failures = pd.read_csv(public("azure_pdm/PdM_failures.csv.xz")).assign(kind="failure")
    errors = pd.read_csv(public("azure_pdm/PdM_errors.csv.xz")).assign(kind="error").rename(columns={"errorID": "code"})
    visits = pd.read_csv(public("azure_pdm/PdM_maint.csv.xz")).assign(kind="maintenance", code="worn")
    events = pd.concat(
        [
            failures.rename(columns={"failure": "code"}).assign(component=failures["failure"]),
            errors,
            visits.rename(columns={"comp": "component"}),
        ]
    )
    events.to_csv("events.csv", index=False)
    names = ["--column", "machineID=device", "--column", "datetime=ts"]

    outcome, report = aftercare(
        "import", "--device-model", "azure_pdm", "--readings", telemetry, "--events", "events.csv", *names
    )

    assert outcome.exit_code == 0, outcome.output
    assert (report["devices"], report["readings"], report["events"]) == (100, 10_000, len(events))


def test_the_public_counters_come_in_whole(aftercare):
    rows = pd.read_csv(public("device_failure/device_failure_to_2015-05-31.csv.xz"))
    rows.to_csv("all.csv", index=False)
    names = ["--column", "date=ts", "--column", "failure="]

    outcome, report = aftercare("import", "--device-model", "device_failure", "--readings", "all.csv", *names)

    assert outcome.exit_code == 0, outcome.output
    assert report["readings"] + report["merged"] == len(rows) == 87_553
    with Database(os.environ["AFTERCARE_DATABASE_URL"]) as database, database.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM devices").fetchone() == (1163,)
