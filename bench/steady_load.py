"""Publishes S1 messages at a steady rate: `python -m bench.steady_load PORT --rate 5000 --seconds 60`.

Prints the rate at which they were sent.
"""

from __future__ import annotations

import time
from itertools import islice

import click

from bench import payloads
from bench.broker_load import Publisher

TICK = 0.01


@click.command()
@click.argument("port", type=int)
@click.option("--rate", type=float, required=True, help="Messages a second.")
@click.option("--seconds", type=float, required=True)
@click.option("--first", default=0, show_default=True, help="Number of the first one: each is another reading.")
def main(port: int, rate: float, seconds: float, first: int) -> None:
    """Send what is due every hundredth of a second; return when the broker has acknowledged all of it."""
    publisher = Publisher("127.0.0.1", port, b"load")
    count = int(rate * seconds)
    messages = payloads.messages(count, 1, first)
    started = time.perf_counter()
    sent = 0
    while sent < count:
        due = min(count, int((time.perf_counter() - started) * rate)) - sent
        publisher.send(islice(messages, due))
        sent += due
        time.sleep(TICK)
    publisher.publish([])
    print(count / (time.perf_counter() - started))
    publisher.close()


if __name__ == "__main__":
    main()
