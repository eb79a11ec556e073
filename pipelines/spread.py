"""Where the parts of a run are worked on: in this process, or by the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import structlog
from prefect import Task

from aftercare import wiring
from aftercare.settings import load_settings
from aftercare.wiring import Application
from domain.errors import ConfigurationError, UnavailableError

Part = TypeVar("Part")
Done = TypeVar("Done")
Spread = Callable[[Task[[Part], Done], Sequence[Part]], list[Done]]
LONGEST_WAIT = "10s"
"""For the scheduler to answer."""
log = structlog.get_logger()


@contextmanager
def over_cluster(scheduler: str) -> Iterator[Spread[Any, Any]]:
    """Inside a flow: a function that has a task done for each part by the cluster, and gives the answers in order.

    Raises ConfigurationError when the extra is not installed, UnavailableError when the scheduler does not answer.
    Where it has no worker, the work waits for one: clusters may grow on demand.
    """
    try:
        from prefect_dask.task_runners import DaskTaskRunner  # an optional extra
    except ImportError as error:
        raise ConfigurationError(
            f"AFTERCARE_DASK needs the packages of the extra 'dask' ({error}): pip install 'aftercare[dask]'"
        ) from error
    with DaskTaskRunner(address=scheduler, client_kwargs={"timeout": LONGEST_WAIT}) as runner:
        _connect(runner, scheduler)

        def spread(task: Task[[Any], Any], parts: Sequence[Any]) -> list[Any]:
            futures = [runner.submit(task, {"part": part}) for part in parts]
            return [future.result() for future in futures]

        yield spread


def _connect(runner: Any, scheduler: str) -> None:
    try:
        workers = runner.client.scheduler_info(n_workers=-1)["workers"]
    except (OSError, TimeoutError) as error:
        raise UnavailableError(
            f"the Dask scheduler at {scheduler} does not answer: run 'dask scheduler' there, or unset AFTERCARE_DASK"
        ) from error
    if not workers:
        log.warning("no worker yet: the work waits for one", scheduler=scheduler, start=f"dask worker {scheduler}")


@cache
def application_of_worker() -> Application:
    """The platform as a worker sees it, by its own environment, for as long as its process lives."""
    application = wiring.build(load_settings(), application="aftercare worker")
    application.database.open()
    return application
