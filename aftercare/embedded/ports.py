"""TCP ports on loopback."""

from __future__ import annotations

import socket
from pathlib import Path

from aftercare.embedded.lifeline import STARTED

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that nothing used a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def service_answers(log: Path, port: int) -> bool:
    """Whether the service under the lifeline that writes this log has the port, and accepts connections there."""
    return STARTED in log.read_text(errors="replace") and answers(port)


def in_use(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server of ours could not listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
