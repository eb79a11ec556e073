"""What one transaction writes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare.wiring import load_catalog
from domain.device import Connectivity, DeviceStatus
from ingest.batch import Batch, ReadingRows, assemble
from ingest.codecs import Decoded, PayloadError, Sample
from ingest.codecs.timestamps import to_datetime
from ingest.message import Incoming, Message
from store.devices import DeviceRef, News

MODEL = load_catalog()["turbofan_fd001"]
NAMES = [channel.name for channel in MODEL.channels]
NOON = 1_769_860_800_000_000
RECEIVED = datetime(2026, 1, 31, 12, tzinfo=UTC)


def values_of(row):
    return {name: value for name, value in zip(NAMES, row[2:-1], strict=True) if value is not None}


@pytest.fixture
def rows():
    return ReadingRows(MODEL)


def test_partial_rows_of_one_instant_become_one_row(rows):
    rows.add(1, Sample(NOON, {"mach": 0.8}))
    rows.add(1, Sample(NOON, {"altitude": 35.0, "undeclared": 1.0}))

    (row,) = rows.ordered()
    assert (row[0], row[1], values_of(row), row[-1]) == (1, NOON, {"mach": 0.8, "altitude": 35.0}, {"undeclared": 1.0})
    assert (rows.merged, rows.conflicts) == (1, 0)


def test_the_first_value_wins_and_the_other_is_counted(rows):
    rows.add(1, Sample(NOON, {"mach": 0.8, "x": 1.0}))
    rows.add(1, Sample(NOON, {"mach": 0.9}))
    rows.add(1, Sample(NOON, {"mach": 0.8, "x": 2.0}))

    (row,) = rows.ordered()
    assert values_of(row) == {"mach": 0.8}
    assert row[-1] == {"x": 1.0}
    assert (rows.merged, rows.conflicts) == (2, 2)


SAMPLES = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.integers(0, 3),
        st.dictionaries(st.sampled_from([*NAMES[:3], "other"]), st.floats(-9, 9), min_size=1),
    ),
    max_size=20,
)


@given(SAMPLES)
def test_rows_are_sorted_unique_and_hold_the_first_of_every_value(samples):
    rows = ReadingRows(MODEL)
    first: dict[tuple[int, int], dict[str, float]] = {}
    for device_id, ts, values in samples:
        rows.add(device_id, Sample(ts, values))
        known = first.setdefault((device_id, ts), {})
        first[device_id, ts] = {**values, **known}

    ordered = rows.ordered()

    assert [(row[0], row[1]) for row in ordered] == sorted(first)
    assert {(row[0], row[1]): values_of(row) | (row[-1] or {}) for row in ordered} == first
    assert rows.merged == len(samples) - len(first)


def status(state, ts):
    return Decoded("d", statuses=[DeviceStatus("d", to_datetime(ts), state)])


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([(Connectivity.ONLINE, 10), (Connectivity.OFFLINE, 20)], News(20 + NOON, Connectivity.OFFLINE, 20 + NOON)),
        ([(Connectivity.OFFLINE, 20), (Connectivity.ONLINE, 10)], News(20 + NOON, Connectivity.OFFLINE, 20 + NOON)),
        ([(Connectivity.ONLINE, 10), (Connectivity.OFFLINE, 10)], News(10 + NOON, Connectivity.OFFLINE, 10 + NOON)),
    ],
)
def test_the_latest_status_counts_and_a_last_will_after_its_own_birth(told, expected):
    batch = Batch({})
    for state, after in told:
        batch.add(DeviceRef(1, MODEL.name), status(state, NOON + after))

    assert batch.news == {1: expected}


def test_readings_move_last_seen_and_leave_the_status():
    batch = Batch({MODEL.name: MODEL})
    batch.add(DeviceRef(1, MODEL.name), status(Connectivity.ONLINE, NOON))
    batch.add(DeviceRef(1, MODEL.name), Decoded("d", samples=[Sample(NOON + 5, {"mach": 1.0})]))

    assert batch.news == {1: News(NOON + 5, Connectivity.ONLINE, NOON)}


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
