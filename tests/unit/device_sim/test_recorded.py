from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from device_sim.errors import InvalidSimulationError
from device_sim.fleet import simulate_fleet
from device_sim.recorded import read_events, read_readings


def test_reads_back_what_a_fleet_writes(tmp_path: Path):
    fleet = simulate_fleet("compressor", 2, datetime(2026, 1, 1, tzinfo=UTC), 24 * 200, seed=1)
    paths = fleet.write_csv(tmp_path / "made" / "here")
    pd.testing.assert_frame_equal(read_readings(paths["readings"]), fleet.readings, check_dtype=False)
    back = read_events(paths["events"])
    assert list(back["ts"]) == list(fleet.events["ts"])
    assert list(back["code"]) == list(fleet.events["code"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("device,ts,a\nx,2026-01-01T00:00:00Z,1\nx,yesterday,2\n", "line 3: no time in ISO 8601: 'yesterday'"),
        ("device,ts,a\nx/y,2026-01-01T00:00:00Z,1\n", "line 2: no device's name: 'x/y'"),
        ("device,ts,a\nx,2026-01-01T00:00:00Z,hot\n", "line 2: a is no number: 'hot'"),
        ("device,ts,a\nx,2026-01-01T00:00:00Z,\n", "line 2: there is no value in any channel of 'x'"),
        ("device,ts\nx,2026-01-01T00:00:00Z\n", "has no channel"),
        ("name,ts,a\n", "has no column 'device'"),
        ("", "is not a CSV file"),
    ],
)
def test_a_bad_file_is_told_by_name_and_line(tmp_path: Path, text: str, problem: str):
    path = tmp_path / "readings.csv"
    path.write_text(text)
    with pytest.raises(InvalidSimulationError, match=problem) as refusal:
        read_readings(path)
    assert str(path) in str(refusal.value)


def test_an_event_detail_is_a_json_object(tmp_path: Path):
    path = tmp_path / "events.csv"
    path.write_text('device,ts,kind,detail\nx,2026-01-01T00:00:00Z,log,"{""a"": 1}"\nx,2026-01-02T00:00:00Z,log,\n')
    assert list(read_events(path)["detail"]) == [{"a": 1}, None]
    path.write_text("device,ts,kind,detail\nx,2026-01-01T00:00:00Z,log,[]\n")
    with pytest.raises(InvalidSimulationError, match="line 2: detail is not a JSON object"):
        read_events(path)
