"""History out of tables."""

import csv

import pandas as pd
import pytest
from click.testing import CliRunner

from aftercare.cli.main import commands
from domain.errors import InvalidInputError
from ingest.bulk import import_history
from ingest.upkeep.readings import take_written
from store import devices
from store.database import Database
from store.frames import read_events_frame, read_frame
from store.latest import latest_of_device
from store.readings import read_range

MODEL = "turbofan_fd001"
START = pd.Timestamp("2026-01-01", tz="UTC")


@pytest.fixture
def database(database_url):
    with Database(database_url) as database:
        yield database


@pytest.fixture
def device_model(catalog):
    return catalog[MODEL]


@pytest.fixture
def history():
    """Three devices, ten hours each, backwards and mixed."""
    rows = [(f"d{name}", START + pd.Timedelta(hours=hour), hour / 10) for hour in range(10) for name in "abc"]
    return pd.DataFrame(rows, columns=["device", "ts", "mach"])[::-1]


def frame_of(database, device_model, **bounds):
    with database.transaction() as connection:
        return read_frame(connection, device_model, **bounds)


def test_a_frame_comes_back_sorted_and_complete(database, device_model, history):
    report = import_history(database, device_model, readings=history)

    assert (report.devices, report.readings, report.rejected) == (3, 30, 0)
    frame = frame_of(database, device_model)
    assert list(frame.columns) == ["device", "ts", *(channel.name for channel in device_model.channels)]
    expected = history.sort_values(["device", "ts"]).reset_index(drop=True)
    assert frame["device"].tolist() == expected["device"].tolist()
    assert frame["ts"].tolist() == expected["ts"].tolist()
    assert frame["mach"].tolist() == expected["mach"].tolist()
    assert frame["altitude"].isna().all()


def test_bounds_are_half_open_and_devices_can_be_chosen(database, device_model, history):
    import_history(database, device_model, readings=history)

    frame = frame_of(
        database,
        device_model,
        since=START + pd.Timedelta(hours=2),
        until=START + pd.Timedelta(hours=4),
        devices=["db", "nobody"],
    )

    assert frame["device"].tolist() == ["db", "db"]
    assert frame["mach"].tolist() == [0.2, 0.3]
    assert frame_of(database, device_model, devices=[]).empty


def test_importing_again_changes_nothing_and_tells_what_differs(database, device_model, history):
    import_history(database, device_model, readings=history)
    before = frame_of(database, device_model)

    again = import_history(database, device_model, readings=history)
    other = import_history(database, device_model, readings=history.assign(mach=history["mach"] + 1, altitude=7.0))

    assert (again.readings, again.merged, again.conflicts) == (0, 30, 0)
    assert (other.readings, other.merged, other.conflicts) == (0, 30, 30)
    after = frame_of(database, device_model)
    assert after["mach"].tolist() == before["mach"].tolist()
    assert (after["altitude"] == 7.0).all()


def test_events_name_their_failure_mode(database, device_model):
    mode = device_model.failure_modes[0]
    events = pd.DataFrame(
        [
            ("d", START, "failure", mode.event_codes[0], mode.component, ""),
            ("d", START + pd.Timedelta(hours=1), "failure", "unheard_of", "", ""),
            ("d", START + pd.Timedelta(hours=2), "maintenance", "worn", mode.component, '{"failure_mode": "m"}'),
            ("d", START + pd.Timedelta(hours=3), "log", "", "", None),
        ],
        columns=["device", "ts", "kind", "code", "component", "detail"],
    )

    assert import_history(database, device_model, events=events).events == 4
    assert import_history(database, device_model, events=events).events == 0
    with database.transaction() as connection:
        frame = read_events_frame(connection, device_model)
        early = read_events_frame(connection, device_model, until=START + pd.Timedelta(hours=1))

    assert frame["failure_mode"].tolist() == [mode.name, "unheard_of", "m", ""]
    assert frame["ts"].tolist() == events["ts"].tolist()
    assert len(early) == 1


def test_a_range_is_exact_when_short_and_bucketed_when_long(database, device_model):
    hours = range(1000)
    readings = pd.DataFrame({"device": "d", "ts": [START + pd.Timedelta(hours=h) for h in hours], "mach": hours})
    import_history(database, device_model, readings=readings)

    def range_of(until, points):
        with database.transaction() as connection:
            device_id = devices.get(connection, "d").device_id
            return read_range(
                connection,
                device_model,
                device_id=device_id,
                since=START,
                until=START + pd.Timedelta(hours=until),
                channels=["mach"],
                points=points,
            )

    short, long = range_of(10, 10), range_of(1000, 10)

    assert short.bucket is None
    assert short.channels["mach"].mean == list(range(10))
    assert long.bucket == pd.Timedelta(hours=100)
    assert 10 <= len(long.ts) <= 11
    assert min(long.channels["mach"].low) == 0
    assert max(long.channels["mach"].high) == 999
    take_written(database, device_model)
    with database.transaction() as connection:
        device_id = devices.get(connection, "d").device_id
        newest = latest_of_device(connection, device_model, device_id=device_id)
    assert newest == {"mach": (START + pd.Timedelta(hours=999), 999.0)}


READINGS = """device,ts,altitude,mach
x1,2026-01-01T00:00:00Z,1,2
x1,2026-01-01 01:00,1,abc
x1,not a time,1,2
x1,1767229200000,inf,
x1,2026-01-01T05:00:00+01:00,,
x1,2026-01-01T06:00:00Z,5

x1,2026-01-01T00:00:00Z,9,2
x1,2026-01-01 09:00:00,4,
x2,2026-01-01T06:00:00Z,5,1
"""


def test_rows_that_make_no_sense_are_kept_beside_the_file(database_url, database, device_model, tmp_path, monkeypatch):
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", database_url)
    (tmp_path / "r.csv").write_text(READINGS)
    (tmp_path / "d.csv").write_text("name,service_centre,installed_at\nx1,north,2020-01-01\nx 9,,\n")
    arguments = ["import", "--device-model", MODEL]
    arguments += ["--readings", str(tmp_path / "r.csv"), "--devices", str(tmp_path / "d.csv")]

    outcome = CliRunner().invoke(commands, arguments)

    assert outcome.exit_code == 1
    with (tmp_path / "r.csv.rejects.csv").open() as stream:
        rejects = {int(row["line"]): row["reason"] for row in csv.DictReader(stream)}
    assert rejects.keys() == {3, 4, 5, 6, 7, 11}
    assert rejects[3] == "mach is not a finite number"
    assert "ISO 8601" in rejects[4]
    assert rejects[7] == "3 fields, the header has 4"
    assert "not registered" in rejects[11]
    assert "x 9" in (tmp_path / "d.csv.rejects.csv").read_text()
    frame = frame_of(database, device_model)
    assert frame["altitude"].tolist() == [1.0, 4.0]
    with database.transaction() as connection:
        assert devices.get(connection, "x1").last_seen_at == START + pd.Timedelta(hours=9)
        installed = connection.execute("SELECT DISTINCT installed_at FROM components").fetchall()
    assert installed == [(pd.Timestamp("2020-01-01", tz="UTC"),)]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "r.csv is empty, or its first line is: that line must name the columns device, ts"),
        ("\n\n", "r.csv is empty"),
        ("device;ts;mach\na;2026-01-01;0,8\n", "r.csv parts its columns by semicolons"),
        ("device\tts\tmach\n", "r.csv parts its columns by tabs"),
        ("ts,mach\n", "no column 'device'"),
        ("device,ts,speed\n", "column 'speed' that means nothing here"),
        ("device,ts,mach,mach\n", "twice"),
        ("device,ts\n\xff", "is no UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read_is_one_error(database, device_model, tmp_path, content, complaint):
    path = tmp_path / "r.csv"
    path.write_bytes(content.encode("latin-1"))

    with pytest.raises(InvalidInputError, match=complaint):
        import_history(database, device_model, readings=path)


def test_a_device_of_another_model_is_left_alone(database, catalog, device_model):
    other = next(model for model in catalog.values() if model.name != MODEL)
    import_history(database, other, devices=pd.DataFrame({"name": ["d"], "customer": ["theirs"]}))

    report = import_history(
        database,
        device_model,
        devices=pd.DataFrame({"name": ["d"], "customer": ["ours"]}),
        readings=pd.DataFrame({"device": ["d"], "ts": [START], "mach": [1.0]}),
    )

    assert report.rejected == 2
    with database.transaction() as connection:
        assert devices.get(connection, "d").device.customer == "theirs"
