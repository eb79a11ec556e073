"""A process whose work is done in several threads lives for as long as each of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import partial

import structlog

from domain.errors import AftercareError

log = structlog.get_logger()


def run_together(works: Mapping[str, Callable[[], None]], stop: threading.Event) -> None:
    """Do all of these, each in a thread of its own, until `stop` is set. Each has to end soon after that.

    The end of one ends all. Raises the error that ended one, the first of them when there were several; each is logged.
    One that ends before `stop` is set without an error is an AftercareError.
    """
    with ThreadPoolExecutor(len(works), "work") as pool:
        running = [pool.submit(partial(_logged, name, work)) for name, work in works.items()]
        try:
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            told = stop.is_set()
        finally:
            stop.set()
    for one in [*ended, *running]:
        one.result()
    if not told:
        raise AftercareError("a thread ended by itself, and with it the process: start it again")


def _logged(name: str, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:
        log.exception("a thread of the process failed", thread=name, reason=str(error) or type(error).__name__)
        raise
