"""What one transaction writes."""

from datetime import UTC, datetime

from aftercare.wiring import load_catalog
from domain.device import Connectivity, DeviceStatus
from domain.device_time import to_datetime
from ingest.batch import Batch, all_news, assemble
from ingest.codecs import Decoded, PayloadError, Sample
from ingest.message import Incoming, Message
from store.devices import DeviceRef, News

MODEL = load_catalog()["turbofan_fd001"]
NOON = 1_769_860_800_000_000
RECEIVED = datetime(2026, 1, 31, 12, tzinfo=UTC)


def status(state, ts):
    return Decoded("d", statuses=[DeviceStatus("d", to_datetime(ts), state)])


def test_statuses_stay_in_the_order_in_which_they_came():
    batch = Batch({})
    told = [status(Connectivity.OFFLINE, NOON + 20), status(Connectivity.ONLINE, NOON + 10)]
    for one in told:
        batch.add(DeviceRef(1, MODEL.name), one)

    assert batch.statuses == [(1, one.statuses[0]) for one in told]
    assert batch.news == {1: News(NOON + 20, told=True)}


def test_readings_move_last_seen():
    batch = Batch({MODEL.name: MODEL})
    batch.add(DeviceRef(1, MODEL.name), status(Connectivity.ONLINE, NOON))
    batch.add(DeviceRef(1, MODEL.name), Decoded("d", samples=[Sample(NOON + 5, {"mach": 1.0})]))

    blocks = [rows.block() for rows in batch.readings.values()]
    assert all_news(batch, blocks) == {1: News(NOON + 5, told=True)}


def test_messages_that_cannot_be_stored_are_kept_with_the_reason():
    message = Message("devices/d/telemetry", b"payload", RECEIVED)
    decoded = Decoded("d", samples=[Sample(NOON, {"mach": 1.0})])
    malformed = Incoming(message, PayloadError("json", "not JSON"))

    batch = assemble(
        [malformed, Incoming(message, decoded), Incoming(message, Decoded("e", decoded.samples))],
        {"e": DeviceRef(2, "unheard_of")},
        {MODEL.name: MODEL},
    )

    assert [one.reason for one in batch.rejected] == [
        "not JSON",
        "device 'd' is not registered",
        "the catalog has no device model unheard_of",
    ]
    assert batch.rejections == {"json": 1, "unknown_device": 1, "unknown_device_model": 1}
    assert not batch.readings
