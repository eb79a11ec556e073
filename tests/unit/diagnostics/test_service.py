"""What goes on over one connection while the database is away."""

import queue
import threading
from datetime import timedelta
from types import SimpleNamespace

from diagnostics import service
from diagnostics.messages import Arrived
from diagnostics.metrics import DiagnosticsMetrics
from diagnostics.service import Conversation, Diagnostics
from domain.broker import BrokerAddress
from domain.clock import system_clock
from store.database import Database


def test_a_process_that_waits_for_the_database_is_alive(monkeypatch):
    monkeypatch.setattr(service, "RETRY", 0.01)
    away = Database("postgresql://127.0.0.1:1/nowhere")
    of = Diagnostics(
        away, BrokerAddress("nowhere", 1), system_clock, timedelta(0), DiagnosticsMetrics(away, system_clock)
    )
    session = SimpleNamespace(
        inbox=queue.SimpleQueue(), lost=threading.Event(), marker_topic="marker", publish=lambda *_: 1
    )
    session.inbox.put(Arrived("devices/d/twin/reported", b"{"))
    stop, beats = threading.Event(), []

    def beat():
        beats.append(1)
        if len(beats) == 5:
            stop.set()

    give_up = threading.Timer(5, stop.set)
    give_up.start()
    Conversation(of, session, 1).run(None, stop, beat)
    give_up.cancel()
    assert len(beats) == 5
