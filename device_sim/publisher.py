"""Publishes readings and events over MQTT at the pace of a scaled clock."""

from __future__ import annotations

import secrets
import selectors
import threading
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd

from device_sim.broker import Broker
from device_sim.connection import Connection, Ears
from device_sim.errors import BrokerError, InvalidSimulationError
from device_sim.remote.answering import Answering
from device_sim.replay_clock import ReplayClock
from device_sim.schedule import Schedule
from device_sim.summary import Progress, Summary
from device_sim.tally import Tally

LONGEST_WAIT = 0.1
SECONDS_TO_DRAIN = 10.0
MOST_UNSETTLED = 5000
"""Messages made and not acknowledged; beyond it, what is due waits unmade, so that an outage costs no memory."""


class Clients(StrEnum):
    """How many MQTT clients: one for all devices, or one for each, with a last will of its own."""

    ONE = "one"
    PER_DEVICE = "per-device"


class Publisher:
    """Publishes a schedule once. `run` blocks; `start` runs it in a thread. Progress and stop work from any thread."""

    def __init__(
        self,
        schedule: Schedule,
        clock: ReplayClock,
        broker: Broker,
        *,
        clients: Clients = Clients.ONE,
        patience: float | None = None,
        sent: Path | None = None,
        answering: Answering | None = None,
    ) -> None:
        """Connects nothing yet.

        patience: seconds to wait for the very first connection; None waits for ever. Once connected, a broker that
        goes away is always waited for. sent: CSV file that gets one line (device, ts, kind) per acknowledged reading
        or event. answering: hears twins and commands, and answers for as long as there is something to publish.
        Raises InvalidSimulationError when there is nothing to publish or `sent` cannot be written.
        """
        if not len(schedule):
            raise InvalidSimulationError("there is nothing to publish: the readings and events are empty")
        self._schedule = schedule
        self._clock = clock
        self._broker = broker
        self._clients = clients
        self._patience = patience
        self._tally = Tally(schedule, sent)
        self._answering = answering
        self._routes: dict[str, Connection] = {}
        self._next = 0
        self._stop = threading.Event()
        self._connections: list[Connection] = []
        self._stirred: dict[Connection, None] = {}
        self._all_at = 0.0

    def start(self) -> Future[Summary]:
        """Run in a thread of its own; the future gives the summary, or what `run` raised."""
        future: Future[Summary] = Future()

        def body() -> None:
            try:
                future.set_result(self.run())
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=body, name="device-simulator", daemon=True).start()
        return future

    def stop(self) -> None:
        """End early: what is in flight is waited for, what is not yet sent stays unsent."""
        self._stop.set()

    def progress(self) -> Progress:
        """How far it is; cheap, for a display that asks several times a second."""
        connected = any(connection.connected for connection in self._connections)
        device_time = datetime.fromtimestamp(self._clock.at(time.time()), UTC)
        return Progress(len(self._schedule), self._next, self._tally.settled, device_time, connected)

    def run(self) -> Summary:
        """Publish everything, or until `stop`. Raises BrokerError when refused, or never connected within patience."""
        began = time.time()
        if self._answering:
            self._answering.begin(self._clock.at, self._replan)
        with selectors.DefaultSelector() as selector:
            self._routes = self._open(selector)
            try:
                self._publish(selector, began)
                self._say_goodbye(selector)
            finally:
                for connection in self._connections:
                    connection.close()
                self._tally.close()
                if self._answering:
                    self._answering.close()
        return self._summarise(time.time() - began)

    def _open(self, selector: selectors.BaseSelector) -> dict[str, Connection]:
        """The connection of each device."""
        devices, one = self._schedule.devices, self._clients is Clients.ONE
        groups = {f"simulator-{secrets.token_hex(4)}": devices} if one else {device: [device] for device in devices}
        jitter = np.random.default_rng()  # unseeded: two simulators that lost the same broker must not return in step
        self._connections = [
            Connection(
                *(client_id, self._broker, group, selector, self._tally.acknowledged, jitter),
                with_will=not one,
                ears=self._ears(group),
            )
            for client_id, group in groups.items()
        ]
        return {device: connection for connection in self._connections for device in connection.devices}

    def _ears(self, devices: Sequence[str]) -> Ears | None:
        answering = self._answering
        if answering is None:
            return None
        return Ears(
            answering.wanted(devices),
            lambda heard: answering.hear(heard, time.time()),
            lambda group: answering.connected(group, time.time()),
        )

    def _replan(self, device: str, since: float, readings: pd.DataFrame, events: pd.DataFrame) -> None:
        """From `since` (device time in seconds) on, the device says this instead."""
        if since < float("inf"):
            self._schedule.replace(device, int(since * 1000), readings, events, sent=self._next)

    def _publish(self, selector: selectors.BaseSelector, began: float) -> None:
        while not self._stop.is_set():
            self._take_what_is_due()
            self._turn(selector)
            self._check_patience(time.time() - began)
            if self._next == len(self._schedule) and self._idle():
                return
        for connection in self._connections:
            connection.drop_waiting()

    def _take_what_is_due(self) -> None:
        now = self._clock.at(time.time()) * 1000
        end = int(np.searchsorted(self._schedule.due, now, side="right"))
        for index in range(self._next, min(end, self._tally.settled + MOST_UNSETTLED)):
            message = self._schedule.message(index)
            self._routes[message.device].enqueue(message)
            self._stirred[self._routes[message.device]] = None
            self._next = index + 1

    def _turn(self, selector: selectors.BaseSelector) -> None:
        now = time.time()
        device_time = self._device_time(now)
        if self._answering:
            for utterance in self._answering.due(now):
                self._routes[utterance.device].utter(utterance)
                self._stirred[self._routes[utterance.device]] = None
        for connection in self._to_step(now):
            connection.step(now, device_time)
        wait = LONGEST_WAIT
        if self._next < len(self._schedule):
            wait = min(wait, max(0.001, self._clock.wall(self._schedule.due[self._next] / 1000) - now))
        if self._answering:
            wait = min(wait, max(0.001, self._answering.next_due() - now))
        for key, ready in selector.select(wait):
            key.data.serve(ready)
            self._stirred[key.data] = None

    def _to_step(self, now: float) -> Collection[Connection]:
        """Those for which something has come, and from time to time all: few of many have anything to do."""
        stirred, self._stirred = self._stirred, {}
        if now < self._all_at:
            return stirred
        self._all_at = now + LONGEST_WAIT
        return self._connections

    def _device_time(self, now: float) -> float:
        """A replay's time ends with its last message: devices that leave then do not leave in the future."""
        moment = self._clock.at(now)
        return min(moment, float(self._schedule.due[-1]) / 1000) if 0 < len(self._schedule) == self._next else moment

    def _check_patience(self, waited: float) -> None:
        if self._patience is None or waited < self._patience:
            return
        if not any(connection.ever_connected for connection in self._connections):
            raise BrokerError(
                f"no connection to the broker {self._broker} within {self._patience:g} s "
                f"({self._connections[0].last_error}): start it, or check its address"
            )

    def _say_goodbye(self, selector: selectors.BaseSelector) -> None:
        for connection in self._connections:
            connection.say("offline")
        self._all_at = 0.0
        deadline = time.time() + SECONDS_TO_DRAIN
        while not self._idle() and time.time() < deadline:
            self._turn(selector)

    def _idle(self) -> bool:
        return all(connection.idle for connection in self._connections)

    def _summarise(self, seconds: float) -> Summary:
        summary = self._tally.summary
        summary.total = len(self._schedule)
        if self._answering:
            summary.remote = self._answering.counts
            summary.remote["not_taken"] = sum(connection.not_taken for connection in self._connections)
        summary.unacknowledged = len(self._schedule) - self._tally.settled
        summary.complete = summary.unacknowledged == 0 and summary.refused == 0
        summary.losses = sum(connection.losses for connection in self._connections)
        summary.resent = sum(connection.resent for connection in self._connections)
        summary.seconds = round(seconds, 3)
        return summary
