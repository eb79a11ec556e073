"""Publishes S1 messages at a steady rate: `python -m bench.steady_load PORT RATE SECONDS`."""

from __future__ import annotations

import sys
import time

from bench import payloads
from bench.broker_load import Publisher

TICK = 0.01


def main(port: int, rate: float, seconds: float) -> None:
    """Send what is due every hundredth of a second."""
    publisher = Publisher("127.0.0.1", port, b"load")
    messages = iter(list(payloads.messages(int(rate * seconds), 1)))
    started = time.perf_counter()
    sent = 0
    while (elapsed := time.perf_counter() - started) < seconds:
        due = int(elapsed * rate) - sent
        publisher.send([message for _, message in zip(range(due), messages, strict=False)])
        sent += due
        time.sleep(TICK)
    publisher.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
