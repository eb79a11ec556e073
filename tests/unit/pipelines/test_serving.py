"""The loop that runs the flows by a clock of its own: when each is due, and what a failure does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from pipelines import serving

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, int]]]:
    """Runs the loop through so many minutes of device time, one a look at the clock, and notes each run's minute."""

    def run_loop(minutes: int, *, failing: dict[str, set[int]] | None = None, taking: int = 0) -> list[tuple[str, int]]:
        stop, ran, minute = threading.Event(), [], 0

        def clock() -> datetime:
            nonlocal minute
            minute += 1
            if minute > minutes:
                stop.set()
            return START + minute * MINUTE

        def flow(name: str) -> Callable[[], None]:
            def noted() -> None:
                nonlocal minute
                ran.append((name, minute))
                minute += taking
                if len(ran) in (failing or {}).get(name, ()):
                    raise RuntimeError(f"{name} broke")

            return noted

        for name, attribute in (("train", "train"), ("score", "score"), ("drift", "measure_drift")):
            monkeypatch.setattr(serving, attribute, flow(name))
        monkeypatch.setattr(serving, "PAUSE_AFTER_ERROR", 0.001)
        serving.run_in_process(
            stop,
            clock=clock,
            train_interval=50 * MINUTE,
            score_interval=10 * MINUTE,
            drift_interval=45 * MINUTE,
            pause=0.0001,
        )
        return ran

    return run_loop


def test_scores_at_once_and_trains_after_its_interval(run: Callable[..., list[tuple[str, int]]]) -> None:
    ran = run(80)

    scored = [minute for name, minute in ran if name == "score"]
    trained = [minute for name, minute in ran if name == "train"]
    measured = [minute for name, minute in ran if name == "drift"]
    assert scored[0] <= 4
    assert all(10 <= later - earlier <= 12 for earlier, later in pairwise(scored))
    assert len(scored) >= 7
    assert len(trained) == 1
    assert 51 <= trained[0] <= 54
    assert len(measured) == 1
    assert 46 <= measured[0] <= 49


def test_the_interval_counts_from_the_start_of_a_run(run: Callable[..., list[tuple[str, int]]]) -> None:
    scored = [minute for name, minute in run(60, taking=6) if name == "score"]

    assert scored[1] - scored[0] <= 12


def test_a_failed_run_is_logged_and_tried_again_soon(run: Callable[..., list[tuple[str, int]]]) -> None:
    with capture_logs() as logs:
        ran = run(30, failing={"score": {1, 2}})

    assert [minute <= 10 for _, minute in ran[:3]] == [True, True, True]
    assert [(line["event"], line["flow"], line["why"]) for line in logs] == [
        ("flow run failed", "score", "score broke")
    ] * 2


def test_training_that_keeps_failing_does_not_stop_scoring(run: Callable[..., list[tuple[str, int]]]) -> None:
    ran = run(100, failing={"train": set(range(1000))})

    assert [name for name, minute in ran if minute > 60].count("score") >= 3
    assert [name for name, minute in ran if minute > 60].count("train") >= 10
