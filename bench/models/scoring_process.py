"""Scores the made-up fleet once, or only reads what scoring reads, and prints seconds and peak memory as JSON.

A process of its own, since a peak of memory is one of a process: python -m bench.models.scoring_process URL score
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from aftercare.wiring import Application
from bench.models.made_up_fleet import MODEL, application
from pipelines.history import read_look_back
from pipelines.scoring import score_device_model
from pipelines.scoring_part import DEVICES_AT_ONCE
from store.database import Database
from store.scoring_frames import devices_to_score, silence_allowed


def main(url: str, what: str) -> None:
    """what: `score` or `read`."""
    with Database(url) as database:
        platform = application(database)
        started, used = time.perf_counter(), time.process_time()
        told = _score(platform) if what == "score" else _read(platform)
        seconds, processor = time.perf_counter() - started, time.process_time() - used
    print(json.dumps({**told, "seconds": seconds, "processor": processor, "peak": _peak_mib()}))


def _score(platform: Application) -> dict[str, int]:
    scored = score_device_model(platform, MODEL)
    assert not scored.problems, scored.problems
    return {"devices": scored.devices, "predictions": scored.new_predictions, "acted_on": scored.acted_on}


def _read(platform: Application) -> dict[str, int]:
    now, rows = platform.clock(), 0
    with platform.database.transaction() as connection:
        names = devices_to_score(connection, MODEL, since=now - silence_allowed(MODEL))
        for start in range(0, len(names), DEVICES_AT_ONCE):
            group = names[start : start + DEVICES_AT_ONCE]
            history = read_look_back(connection, MODEL, MODEL.failure_modes, devices=group, until=now)
            rows += len(history.readings)
    return {"devices": len(names), "rows": rows}


def _peak_mib() -> float:
    """Of this process alone; `ru_maxrss` would begin with what the parent held."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
