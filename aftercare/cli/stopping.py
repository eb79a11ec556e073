"""How a command that runs until it is told to stop is told so."""

from __future__ import annotations

import signal
import threading


def stop_on_signals() -> threading.Event:
    """Ctrl-C and SIGTERM set it from now on, and do nothing else."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
