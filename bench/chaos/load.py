"""Publishes at a steady rate until its standard input closes: `python -m bench.chaos.load PORT RATE FIRST MIX|PLAIN`.

Prints one JSON object when the broker has acknowledged everything: `first` and `end` of the numbers, the messages
`published` and `acknowledged`, and the `connections` that it took.
"""

from __future__ import annotations

import json
import select
import sys
import time

from bench.chaos.messages import DEVICES, Mix
from bench.chaos.publisher import Publisher

TICK = 0.01
MOST_BEHIND = 2.0
"""Seconds of the schedule that are made up for, when the broker was away or the machine is too slow."""


def main(port: int, rate: float, first: int, *, disorder: bool) -> None:
    """Send what is due every hundredth of a second; at the end wait for the last acknowledgement."""
    publisher = Publisher(port, b"chaos-load")
    mix = Mix(first, disorder=disorder, seed=first)
    published, due, before = 0, 0.0, time.perf_counter()
    while not select.select([sys.stdin], [], [], 0)[0]:
        now = time.perf_counter()
        due = min(due + (now - before) * rate, rate * MOST_BEHIND)
        before = now
        while due >= 1 and publisher.has_room:
            for topic, payload in mix.take():
                publisher.offer(topic, payload)
                published, due = published + 1, due - 1
        publisher.work(TICK)
        if (left := now + TICK - time.perf_counter()) > 0:
            time.sleep(left)
    ending = [one for _ in range(-mix.next % DEVICES) for one in mix.take()]  # every device up to the same instant
    for topic, payload in [*ending, *mix.rest()]:
        while not publisher.has_room:
            publisher.work(TICK)
        publisher.offer(topic, payload)
        published += 1
    while not publisher.is_done:
        publisher.work(TICK)
    figures = {"first": first, "end": mix.next, "published": published, "acknowledged": publisher.acknowledged}
    print(json.dumps(figures | {"connections": publisher.connections}))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), disorder=sys.argv[4] == "MIX")
