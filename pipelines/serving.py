"""Keeps the flows running: as Prefect deployments with schedules, or in a loop in this process."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from prefect import Flow
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.types.entrypoint import EntrypointType

from domain.clock import Clock
from pipelines.flows import measure_drift, score, train

PAUSE_AFTER_ERROR = 2.0
log = structlog.get_logger()


def serve_deployments(*, train_interval: timedelta, score_interval: timedelta, drift_interval: timedelta) -> None:
    """Serve all flows with their schedules until a signal comes; each run is a process of its own."""
    runner = Runner(pause_on_shutdown=False)
    for work, interval in ((train, train_interval), (score, score_interval), (measure_drift, drift_interval)):
        runner.add_deployment(_deployment(work, interval))
    log.info("flows served", train=str(train_interval), score=str(score_interval), drift=str(drift_interval))
    asyncio.run(_until_signal(runner))
    log.info("stopped")


async def _until_signal(runner: Runner) -> None:
    """Prefect's own answer to SIGTERM calls `Runner.stop`, which within the running loop is a coroutine that nobody
    awaits: it is replaced, as soon as `Runner.start` has put it there, by one that ends the runner in order."""
    running = asyncio.create_task(runner.start())
    await asyncio.sleep(0)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with suppress(asyncio.CancelledError):
        await running


def _deployment(work: Flow[Any, Any], interval: timedelta) -> RunnerDeployment:
    """One run at a time: a run that is still busy makes the next one wait."""
    return RunnerDeployment.from_flow(
        work, name=work.name, interval=interval, concurrency_limit=1, entrypoint_type=EntrypointType.MODULE_PATH
    )


def run_in_process(
    stop: threading.Event,
    *,
    clock: Clock,
    train_interval: timedelta,
    score_interval: timedelta,
    drift_interval: timedelta,
    pause: float = 0.1,
) -> None:
    """Run the flows one after the other in this process until `stop` is set, by `clock` rather than by the machine's.

    For sped-up device time, when a process per run would come too late (docs/decisions/0003). A run that fails is
    logged and tried again after a pause of two seconds, in which the other flows have their turn.
    """
    begin = clock()
    due = {"train": begin + train_interval, "score": begin, "drift": begin + drift_interval}
    work: Sequence[tuple[str, Callable[[], object], timedelta]] = (
        ("train", train, train_interval),
        ("score", score, score_interval),
        ("drift", measure_drift, drift_interval),
    )
    # The engine joins its heartbeat thread, which sleeps in whole seconds, at the end of every run.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        while not stop.is_set():
            for name, run, interval in work:
                started = clock()
                if started < due[name] or stop.is_set():
                    continue
                try:
                    run()
                except Exception as error:
                    log.error("flow run failed", flow=name, why=str(error), kind=type(error).__name__)
                    stop.wait(PAUSE_AFTER_ERROR)
                else:
                    due[name] = started + interval
            stop.wait(pause)
