"""Sparkplug B on the real broker and the real database: births, data by alias, deaths, rebirths."""

import threading
from dataclasses import dataclass

import paho.mqtt.client as mqtt
import pytest

from aftercare import wiring
from ingest.codecs.sparkplug import REBIRTH
from ingest.codecs.sparkplug_schema import Payload
from ingest.replay import replay_rejected
from ingest.service import Ingest

INT32, DOUBLE = 3, 10


@dataclass
class EdgeNode:
    """Speaks for one edge node and the devices behind it, message by message."""

    publisher: mqtt.Client
    name: str
    noon: int
    bd_seq: int = 0
    qos: int = 1

    def birth(self, device="", aliases=(), **metrics):
        """`aliases` in the order of the metrics; a float is a Double, an int an Int32."""
        payload = Payload(timestamp=self.noon)
        if not device:
            payload.metrics.add(name=b"bdSeq", datatype=4, long_value=self.bd_seq)
        for (name, value), alias in zip(metrics.items(), aliases or range(1, 100), strict=False):
            metric = payload.metrics.add(name=name.encode(), alias=alias)
            if isinstance(value, float):
                metric.datatype, metric.double_value = DOUBLE, value
            else:
                metric.datatype, metric.int_value = INT32, value & 0xFFFFFFFF
        self._send("BIRTH", device, payload)

    def data(self, seconds, device="", **by_alias):
        """Values by alias, `a1=...` for alias 1, and without datatypes."""
        payload = Payload(timestamp=self.noon + seconds * 1000)
        for alias, value in by_alias.items():
            metric = payload.metrics.add(alias=int(alias[1:]))
            if isinstance(value, float):
                metric.double_value = value
            else:
                metric.int_value = value & 0xFFFFFFFF
        self._send("DATA", device, payload)

    def death(self, device="", bd_seq=None):
        payload = Payload(timestamp=self.noon)
        if not device:
            payload.metrics.add(name=b"bdSeq", datatype=4, long_value=self.bd_seq if bd_seq is None else bd_seq)
        self._send("DEATH", device, payload)

    def _send(self, kind, device, payload):
        topic = "/".join(
            ["spBv1.0", "plant", ("D" if device else "N") + kind, self.name, *([device] if device else [])]
        )
        self.publisher.publish(topic, payload.SerializeToString(), qos=self.qos).wait_for_publish(10)


@pytest.fixture
def node(bench):
    return EdgeNode(bench.publisher, f"{bench.prefix}a", int(bench.noon.timestamp() * 1000))


@pytest.fixture
def commands(bench, node):
    """Topics and metric names of the commands that the edge node was sent."""
    heard = []

    def note(_client, _userdata, message):
        heard.append((message.topic, [metric.name.decode() for metric in Payload.FromString(message.payload).metrics]))

    topic = f"spBv1.0/plant/NCMD/{node.name}"
    bench.publisher.message_callback_add(topic, note)
    subscribed = []
    bench.publisher.on_subscribe = lambda *_: subscribed.append(True)
    bench.publisher.subscribe(topic, 1)
    bench.poll(lambda: subscribed)
    return heard


def connectivity(bench):
    """Of each device, as it will be unless a device whose death is told comes back."""
    return dict(bench.rows("SELECT name, CASE WHEN gone_at IS NULL THEN connectivity ELSE 'offline' END FROM devices"))


def stored(bench):
    return bench.rows(
        "SELECT d.name, r.mach, r.altitude FROM readings_turbofan_fd001 r JOIN devices d USING (device_id) "
        "ORDER BY d.name, r.ts"
    )


def test_data_is_read_by_its_birth_and_deaths_take_along_what_is_behind(bench, node):
    bench.register("a:pump")
    with bench.subscribed() as ingest:
        node.birth(mach=0.5, altitude=-7)
        node.birth("pump", (4, 5), mach=0.25, altitude=1)
        node.data(1, a1=0.75, a2=-8)
        node.data(1, "pump", a5=-1)
        bench.poll(lambda: bench.count(ingest, "rows_committed_total") == 4)
        assert connectivity(bench) == {node.name: "online", f"{node.name}:pump": "online"}
        node.death("pump")
        bench.poll(lambda: connectivity(bench) == {node.name: "online", f"{node.name}:pump": "offline"})
        node.birth("pump", (4, 5), mach=0.25, altitude=1)
        node.death()
        bench.poll(lambda: set(connectivity(bench).values()) == {"offline"})
        assert bench.count(ingest, "messages_rejected_total") == 0

    assert stored(bench) == [
        (node.name, 0.5, -7.0),
        (node.name, 0.75, -8.0),
        (f"{node.name}:pump", 0.25, 1.0),
        (f"{node.name}:pump", None, -1.0),
    ]


def test_the_death_of_an_earlier_connection_has_no_effect(bench, node):
    with bench.subscribed() as ingest:
        node.bd_seq = 8
        node.birth(mach=0.5)
        node.death(bd_seq=7)
        bench.poll(lambda: bench.count(ingest, "sparkplug_deaths_stale_total") == 1)
        bench.poll(lambda: connectivity(bench) == {node.name: "online"})
        node.death(bd_seq=8)
        bench.poll(lambda: connectivity(bench) == {node.name: "offline"})


def test_data_before_its_birth_is_kept_a_rebirth_requested_once_and_the_data_replayed(bench, node, commands):
    with bench.subscribed() as ingest:
        for second in range(3):
            node.data(second, a1=0.25 * second)
            bench.poll(lambda second=second: bench.rows("SELECT count(*) FROM rejected_messages") == [(second + 1,)])
        bench.poll(lambda: commands)
        node.birth(mach=0.5)
        node.data(10, a1=0.75)
        bench.poll(lambda: bench.count(ingest, "rows_committed_total") == 2)
        node.data(11, a7=1.0)
        bench.poll(lambda: bench.count(ingest, "messages_rejected_total", reason="unknown_alias") == 4)
    assert commands == [(f"spBv1.0/plant/NCMD/{node.name}", [REBIRTH])]

    application = bench.application
    report = replay_rejected(application.database, application.catalog, application.clock, reason="rebirth")

    assert (report.tried, report.stored) == (4, 3)
    assert [mach for _, mach, _ in stored(bench)] == [0.5, 0.25, 0.5, 0.75]
    [reason] = bench.rows("SELECT reason FROM rejected_messages WHERE replayed_at IS NULL")
    assert "alias 7 is not in the birth certificate" in reason[0]


def test_births_outlive_ingest_and_the_node_is_asked_whether_they_still_hold(bench, node, commands):
    with bench.subscribed() as ingest:
        node.birth(mach=0.5, altitude=1)
        bench.poll(lambda: bench.count(ingest, "rows_committed_total") == 1)
    assert commands == []
    with bench.subscribed() as ingest:
        node.data(1, a1=0.75)
        node.data(2, a2=-5)
        bench.poll(lambda: bench.count(ingest, "rows_committed_total") == 2)
        bench.poll(lambda: commands)
        assert bench.count(ingest, "sparkplug_rebirths_requested_total") == 1

    assert stored(bench) == [(node.name, 0.5, 1.0), (node.name, 0.75, None), (node.name, None, -5.0)]


def test_replayed_data_is_read_by_the_birth_of_its_time(bench, node):
    with bench.subscribed() as ingest:
        bench.rows("UPDATE devices SET name = 'elsewhere' RETURNING name")
        node.birth(mach=0.5, altitude=1)
        node.data(1, a1=0.75)
        bench.poll(lambda: bench.count(ingest, "messages_rejected_total", reason="unknown_device") == 2)
        node.birth(altitude=2, mach=0.5)
        node.data(2, a1=3)
        bench.poll(lambda: bench.count(ingest, "messages_rejected_total", reason="unknown_device") == 4)
        bench.rows("UPDATE devices SET name = %s RETURNING name", node.name)

    application = bench.application
    assert replay_rejected(application.database, application.catalog, application.clock).stored == 4
    assert stored(bench) == [(node.name, 0.5, 1.0), (node.name, 0.75, None), (node.name, None, 3.0)]


def test_every_replica_hears_every_birth(bench, node, settings):
    other = Ingest(wiring.build(settings.model_copy(update={"ingest_id": f"{settings.ingest_id}-2"})))
    thread = threading.Thread(target=other.run)
    with bench.subscribed() as ingest:
        thread.start()
        bench.poll(lambda: bench.count(other, "subscribed") == 1)
        node.qos = 0
        for swap in range(6):
            node.birth(**({"mach": 1.0, "altitude": 2.0} if swap % 2 else {"altitude": 2.0, "mach": 1.0}))
            for second in range(10):
                mach, altitude = ("a1", "a2") if swap % 2 else ("a2", "a1")
                node.data(1 + swap * 10 + second, **{mach: 1.0, altitude: 2.0})
        bench.poll(lambda: bench.rows("SELECT count(*) FROM readings_turbofan_fd001") == [(61,)])
        assert min(bench.count(one, "messages_received_total") for one in (ingest, other)) > 30
        other.stop()
        thread.join(20)

    assert bench.rows("SELECT DISTINCT mach, altitude FROM readings_turbofan_fd001") == [(1.0, 2.0)]
