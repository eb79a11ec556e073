"""The broker is restarted in an orderly way, and devices are back before ingest is."""

import pytest

from aftercare.embedded import EmbeddedBroker


@pytest.fixture
def broker(binaries, tmp_path):
    if binaries.shortcoming:
        pytest.skip(binaries.shortcoming)
    broker = EmbeddedBroker(binaries, tmp_path, name="restarted")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def mqtt_url(broker):
    return broker.url


@pytest.mark.xfail(
    strict=True,
    reason="Mosquitto does not save shared subscriptions: what comes before ingest has subscribed again is gone",
)
def test_what_devices_publish_before_ingest_is_back_is_kept(bench, broker):
    with bench.subscribed():
        bench.publish("a", "telemetry", bench.reading(0, mach=1))
        bench.poll(lambda: bench.rows("SELECT count(*) FROM readings_turbofan_fd001") == [(1,)])
    broker.stop()
    broker.start()
    bench.poll(bench.publisher.is_connected)
    bench.publish("a", "telemetry", bench.reading(1, mach=2))
    with bench.subscribed():
        bench.publish("a", "telemetry", bench.reading(2, mach=3))
        bench.poll(lambda: bench.rows("SELECT max(mach) FROM readings_turbofan_fd001") == [(3.0,)])
        assert bench.rows("SELECT count(*) FROM readings_turbofan_fd001") == [(3,)]
