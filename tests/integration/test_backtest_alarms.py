"""`aftercare backtest alarms` on a fleet of which a device fails hot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from aftercare.cli.main import commands
from aftercare.wiring import Catalog
from domain.device import Device
from domain.errors import AftercareError
from store import devices, reading_batches
from store.database import Database
from store.reading_block import ReadingBlock

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = """
[[alarm_rule]]
name = "vibration_high"
title = "Vibrates"
channel = "vibration"
above = 6.0
clear_below = 5.0

[[alarm_rule]]
name = "silence"
title = "Silent"
silent_for = "12h"
"""


@pytest.fixture
def fleet(database_url: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Of three compressors the first vibrates at 6.5 from two days before it fails, the second once without failing,
    and the third says nothing for a day."""
    model = catalog["compressor"]
    channels = [channel.name for channel in model.channels]
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", database_url)
    with Database(database_url) as database:
        with database.transaction() as connection:
            for number in range(3):
                devices.save(connection, [Device(f"c{number}", "compressor", service_centre="north")])
                [(device_id,)] = connection.execute("SELECT device_id FROM devices WHERE name = %s", (f"c{number}",))
                hours = np.array([hour for hour in range(240) if number != 2 or not 50 <= hour < 74])
                block = ReadingBlock(
                    device_id=np.full(len(hours), device_id, dtype=np.int64),
                    ts=np.int64(START.timestamp() * 1e6) + hours * 3_600_000_000,
                    values=np.full((len(hours), len(channels)), 3.5),
                )
                hot = (hours >= 150) & (hours < 198) if number == 0 else (hours == 20) & (number == 1)
                block.values[hot, channels.index("vibration")] = 6.5
                reading_batches.write(connection, model, block)
            connection.execute(
                "INSERT INTO device_events (ts, device_id, kind, code) SELECT %s, device_id, 'failure', 'bearing_wear' "
                "FROM devices WHERE name = 'c0'",
                (START + 200 * HOUR,),
            )
        yield database


def run(*arguments: str) -> str:
    done = CliRunner().invoke(commands, ["backtest", "alarms", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_changed_rules_are_compared_with_the_present_ones(fleet: Database, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(RULES)
    tried = json.loads(run("--device-model", "compressor", "--rules", str(file), "--json"))
    assert (tried["devices"], tried["failures"]) == (3, 1)
    changed = tried["outcomes"]["changed"]
    assert changed["vibration_high"] == {
        "alarms": 2,
        "devices": 2,
        "first": (START + 20 * HOUR).isoformat(),
        "last": (START + 150 * HOUR).isoformat(),
        "caught": 1,
        "in_time": 1,
        "unfounded": 1,
    }
    assert [changed["silence"][key] for key in ("alarms", "devices", "unfounded")] == [1, 1, 1]
    assert tried["outcomes"]["present"]["vibration_high"]["alarms"] == 0
    with fleet.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM alarms").fetchone() == (0,)


def test_a_table_shows_both_and_a_range_narrows_it(fleet: Database, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(RULES)
    told = run("--device-model", "compressor", "--rules", str(file), "--until", "2026-01-03")
    assert "0 failures" in told
    assert "no such rule" in told


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--device-model", "toaster"], "no device model 'toaster'"),
        (["--device-model", "turbofan_fd001"], "has no alarm rules"),
        (["--device-model", "compressor", "--since", "2030-01-01"], "nothing to replay"),
        (["--device-model", "compressor", "--since", "2026-02-01", "--until", "2026-01-01"], "is not before"),
    ],
)
def test_what_cannot_be_replayed_is_said(fleet: Database, arguments: list[str], problem: str) -> None:
    with pytest.raises(AftercareError, match=problem):
        CliRunner().invoke(commands, ["backtest", "alarms", *arguments], catch_exceptions=False, standalone_mode=False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[alarm_rule]]\nname = 'x'\ntitle = 'X'\nchannel = 'steam'\nabove = 1", "no channel of the device model"),
        ("[[alarm_rule]]\nname = 'x'\ntitle = 'X'\nchannel = 'load'\nabove = 1\nbelow = 3", "exactly one of them"),
        ("[[alarm_rule]]\nname = 'x'\ntitle = 'X'\nchannel = 'load'\nabove = 1\nclear_below = 2", "lies beyond"),
        ("[[alarm_rule]]\nname = 'x'\ntitle = 'X'\nchannel = 'load'\nabove = 1\ntimes = 3", "go together"),
        ("[[alarm_rule]]\nname = 'x'\ntitle = 'X'\nsilent_for = '1h'\nfor = '1h'", "leave out for"),
        ("[[alarm_rule]]\nname = 'x'\ntitle = 'X'\nchannel = 'load'\nabove = 1\nactive_hours.from = '25:00'", "of day"),
        ("[[alarm_rule]]\nname = 'x'\ntitle = 'X'\nchannel = 'load'\nrises_by = 1", "over is missing"),
        ("[[rule]]\nname = 'x'", "rule is not known here"),
        ("= 1", "not valid TOML"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_rules_is_told_with_its_place(
    fleet: Database, tmp_path: Path, text: str, problem: str
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text)
    with pytest.raises(AftercareError, match=problem):
        run("--device-model", "compressor", "--rules", str(file))
