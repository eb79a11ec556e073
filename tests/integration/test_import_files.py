"""Imports of files: taken up where they were interrupted, in every form that history comes in."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from click.testing import CliRunner

from aftercare.cli.main import commands
from ingest import history_csv
from ingest.bulk import ImportOptions, import_history
from store.database import Database

MODEL = "turbofan_fd001"
TABLE = f"readings_{MODEL}"


@pytest.fixture
def database(database_url):
    with Database(database_url) as database:
        yield database


@pytest.fixture
def run(database_url, monkeypatch, tmp_path):
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        outcome = CliRunner().invoke(commands, ["import", "--device-model", MODEL, "--json", *map(str, arguments)])
        report = json.loads(outcome.stdout) if outcome.stdout.startswith("{") else {}
        return outcome, report

    return invoke


def value(database, statement):
    with database.transaction() as connection:
        return connection.execute(statement).fetchone()[0]


def frame(rows, start="2026-01-01"):
    ts = pd.date_range(start, periods=rows, freq="min").strftime("%Y-%m-%dT%H:%M:%SZ")
    return pd.DataFrame({"device": "d", "ts": ts, "mach": range(rows)})


class StopHereError(Exception):
    pass


def test_an_interrupted_import_goes_on_and_its_rejects_stand_once(database, catalog, tmp_path, monkeypatch):
    monkeypatch.setattr(history_csv, "PIECE_ROWS", 10)
    path = tmp_path / "r.csv"
    rows = frame(45).astype({"mach": object})
    rows.loc[[3, 14, 16, 25, 44], "mach"] = "x"
    rows.to_csv(path, index=False)
    steps = []

    def stop_after_two(step):
        steps.append(step)
        if len(steps) == 2:
            raise StopHereError

    with pytest.raises(StopHereError):
        import_history(database, catalog[MODEL], readings=path, progress=stop_after_two)
    assert value(database, f"SELECT count(*) FROM {TABLE}") == 17
    with (tmp_path / "r.csv.rejects.csv").open("a") as stream:
        stream.write("of a transaction that was never committed\n")

    seen = []
    report = import_history(database, catalog[MODEL], readings=path, progress=seen.append)

    assert [step.rows for step in seen] == [30, 40, 45]
    assert (report.readings, report.merged, report.rejected) == (23, 0, 5)
    assert value(database, f"SELECT count(*) FROM {TABLE}") == 40
    with (tmp_path / "r.csv.rejects.csv").open() as stream:
        assert [int(row["line"]) for row in csv.DictReader(stream)] == [5, 16, 18, 27, 46]


def test_a_killed_import_goes_on_near_where_it_was(database, database_url, tmp_path):
    rows = 400_000
    path = tmp_path / "r.csv"
    path.write_text("device,ts,mach\n" + "".join(f"d{n % 50},{1_700_000_000_000 + n},{n}\n" for n in range(rows)))
    command = [sys.executable, "-m", "aftercare", "import", "--device-model", MODEL, "--readings", str(path)]
    environment = {**os.environ, "AFTERCARE_DATABASE_URL": database_url}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not value(database, "SELECT count(*) FROM import_journal"):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    stored = value(database, f"SELECT count(*) FROM {TABLE}")
    assert stored == value(database, "SELECT read_lines - 1 FROM import_journal")
    assert 0 < stored < rows

    done = subprocess.run([*command, "--json"], env=environment, capture_output=True, check=True)

    report = json.loads(done.stdout)
    assert (report["readings"], report["merged"]) == (rows - stored, 0)
    assert value(database, f"SELECT count(*) FROM {TABLE}") == rows


def test_files_by_pattern_and_only_new_ones_the_next_time(run, database, tmp_path):
    for number in range(3):
        frame(10, f"2026-01-0{number + 1}").to_csv(tmp_path / f"r-{number}.csv", index=False)

    _, first = run("--readings", "r-*.csv", "--readings", "r-1.csv")
    frame(10, "2026-02-01").to_csv(tmp_path / "r-3.csv", index=False)
    (tmp_path / "r-0.csv").rename(tmp_path / "r-renamed.csv")
    _, second = run("--readings", "r-*.csv")
    _, third = run("--readings", "r-*.csv", "--again")

    assert (first["readings"], first["known_files"]) == (30, [])
    assert (second["readings"], second["known_files"]) == (10, ["r-1.csv", "r-2.csv", "r-renamed.csv"])
    assert (third["readings"], third["merged"]) == (0, 40)


def test_rejected_rows_come_in_once_the_reason_is_gone(run, database, tmp_path):
    frame(10).to_csv(tmp_path / "r.csv", index=False)
    (tmp_path / "none.csv").write_text("name\nother\n")
    (tmp_path / "d.csv").write_text("name\nd\n")
    rejects = tmp_path / "rejects"
    rejects.mkdir()

    refused, report = run("--readings", "r.csv", "--devices", "none.csv", "--rejects", rejects)
    assert (refused.exit_code, report["rejected"]) == (1, 10)
    assert len((rejects / "r.csv.rejects.csv").read_text().splitlines()) == 11

    accepted, report = run("--readings", "r.csv", "--devices", "d.csv", "--rejects", rejects)
    assert (accepted.exit_code, report["readings"]) == (0, 10)
    assert not list(rejects.iterdir())


def test_parquet_with_names_and_local_times_of_its_own(run, database, tmp_path):
    pytest.importorskip("pyarrow")
    naive = pd.date_range("2026-07-01 02:00", periods=5, freq="h")
    table = pd.DataFrame({"machine": [7] * 5, "when": naive, "speed": [0.1, None, 0.3, 0.4, 0.5], "note": "x"})
    table.to_parquet(tmp_path / "r.parquet")
    names = ["--column", "machine=device", "--column", "when=ts", "--column", "speed=mach", "--column", "note="]

    outcome, report = run("--readings", "r.parquet", "--timezone", "Europe/Berlin", *names)

    assert (outcome.exit_code, report["readings"], report["rejected"]) == (1, 4, 1)
    assert "line 3: no channel has a value" in report["rejects"][0]
    assert value(database, f"SELECT min(ts) FROM {TABLE}") == pd.Timestamp("2026-07-01", tz="UTC")
    assert value(database, "SELECT name FROM devices") == "7"


def test_what_lies_in_the_future_is_rejected(run, database, tmp_path, monkeypatch):
    monkeypatch.setenv("AFTERCARE_CLOCK", f"2026-01-01T00:05:30Z@{time.time()}x1")
    monkeypatch.setenv("AFTERCARE_CLOCK_TOLERANCE", "1m")
    frame(10).to_csv(tmp_path / "r.csv", index=False)
    (tmp_path / "e.csv").write_text("device,ts,kind\nd,2026-01-01T00:00:00Z,log\nd,2026-01-02T00:00:00Z,log\n")

    _, report = run("--readings", "r.csv", "--events", "e.csv")

    assert (report["readings"], report["events"], report["rejected"]) == (7, 1, 4)
    assert "lies in the future" in report["rejects"][0]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--readings", "missing-*.csv"], "no file missing"),
        (["--readings", "r.csv", "--timezone", "Mars/Base"], "no time zone"),
        (["--readings", "r.csv", "--column", "x"], "THEIRS=OURS"),
        ([], "nothing to import"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors(run, tmp_path, arguments, complaint):
    frame(1).to_csv(tmp_path / "r.csv", index=False)

    outcome, _ = run(*arguments)

    assert outcome.exit_code == 2
    assert complaint in outcome.stderr


def test_other_options_are_another_import(database, catalog, tmp_path):
    frame(5).to_csv(tmp_path / "r.csv", index=False)
    import_history(database, catalog[MODEL], readings=tmp_path / "r.csv")

    renamed = ImportOptions(renames={"mach": "altitude"})
    report = import_history(database, catalog[MODEL], readings=tmp_path / "r.csv", options=renamed)

    assert report.merged == 5
    assert value(database, f"SELECT count(altitude) FROM {TABLE}") == 5


def test_a_row_without_a_device_is_rejected_and_no_device_called_nan_is_made(database, catalog):
    rows = frame(2).assign(device=[None, "d"])
    events = pd.DataFrame({"device": [None, "d"], "ts": rows["ts"], "kind": "log"})

    report = import_history(database, catalog[MODEL], readings=rows, events=events)

    assert (report.readings, report.events, report.rejected) == (1, 1, 2)
    assert value(database, "SELECT string_agg(name, ',') FROM devices") == "d"


def test_rejected_rows_that_have_no_place_of_their_own_are_an_error(run, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        frame(1).to_csv(tmp_path / folder / "r.csv", index=False)
    (tmp_path / "a" / "r.csv.rejects.csv").mkdir()
    (tmp_path / "a" / "r.csv").write_text("device,ts,mach\nd,never,1\n")

    shared, _ = run("--readings", "*/r.csv", "--rejects", tmp_path)
    unwritable, _ = run("--readings", "a/r.csv")

    assert "two files are called r.csv" in str(shared.exception)
    assert "cannot write rejected rows" in str(unwritable.exception)


def test_a_file_of_rejected_rows_is_mended_and_imported_itself(database, run, tmp_path):
    rows = "unit,when,note,mach\nd,2026-01-01T00:00Z,a,0.1\nd,soon,b,0.2\nd,later,c,0.3\nd,2026-01-01T02:00Z,d,0,4\n"
    (tmp_path / "r.csv").write_text(rows)
    columns = ["--column", "unit=device", "--column", "when=ts", "--column", "note="]

    first, report = run("--readings", "r.csv", *columns)
    rejects = tmp_path / "r.csv.rejects.csv"
    assert (first.exit_code, report["readings"], report["rejected"]) == (1, 1, 3)
    assert rejects.read_text().splitlines()[0] == "unit,when,mach,line,reason"
    assert 'd,2026-01-01T02:00Z,"0,4",5,"5 fields, the header has 4"' in rejects.read_text()

    mended = rejects.read_text().replace("soon", "2026-01-01T01:00Z").replace('"0,4"', "0.4")
    rejects.write_text(mended)
    second, report = run("--readings", "r.csv.rejects.csv", *columns)
    assert (second.exit_code, report["readings"], report["rejected"]) == (1, 2, 1)
    assert rejects.read_text() == mended, "what is imported is not overwritten"
    [header, left] = (tmp_path / "r.csv.rejects.2.csv").read_text().splitlines()
    assert header == "unit,when,mach,line,reason"
    assert left.startswith("d,later,0.3,4,")

    (tmp_path / "r.csv.rejects.2.csv").write_text(f"{header}\n{left.replace('later', '2026-01-01T03:00Z')}\n")
    third, report = run("--readings", "r.csv.rejects.2.csv", *columns)
    assert (third.exit_code, report["readings"], report["rejected"]) == (0, 1, 0)
    assert value(database, f"SELECT sum(mach) FROM {TABLE}") == pytest.approx(1.0)


def test_a_pattern_leaves_files_of_rejected_rows_out(run, tmp_path):
    frame(3).to_csv(tmp_path / "r-1.csv", index=False)
    (tmp_path / "r-1.csv.rejects.csv").write_text("device,ts,mach,line,reason\nd,soon,1,2,why\n")

    outcome, report = run("--readings", "r-*.csv")
    assert (outcome.exit_code, report["readings"]) == (0, 3)
    nothing, _ = run("--readings", "r-1.csv.rejects.*")
    assert nothing.exit_code == 2
    assert "there is no file" in nothing.output


def test_events_and_devices_are_rejected_with_all_their_fields(database, run, tmp_path):
    (tmp_path / "e.csv").write_text(
        "device,ts,kind,component,detail\n"
        'x,2026-01-01T00:00Z,maintenance,fan,"{""part"": ""F-7""}"\n'
        'd,2026-01-01T00:00Z,explosion,fan,"{""part"": ""F-8""}"\n'
    )
    (tmp_path / "d.csv").write_text("name,site\nd,Halle\npress,Ulm\n")
    with database.transaction() as connection:
        connection.execute("INSERT INTO service_centres VALUES ('main')")
        connection.execute(
            "INSERT INTO devices (name, device_model, service_centre) VALUES ('press', 'compressor', 'main')"
        )

    outcome, report = run("--events", "e.csv", "--devices", "d.csv")

    assert (outcome.exit_code, report["rejected"]) == (1, 3)
    assert (tmp_path / "d.csv.rejects.csv").read_text().splitlines() == [
        "name,site,line,reason",
        "press,Ulm,3,press is a device of model compressor",
    ]
    with (tmp_path / "e.csv.rejects.csv").open() as stream:
        rejects = {row["line"]: row for row in csv.DictReader(stream)}
    assert rejects["2"]["detail"] == '{"part": "F-7"}'
    assert "not registered" in rejects["2"]["reason"]
    assert (rejects["3"]["kind"], rejects["3"]["component"]) == ("explosion", "fan")
