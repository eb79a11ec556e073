"""Sparkplug B payloads: values of every type, births, deaths, and what is refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.device import Connectivity, DeviceStatus
from ingest.codecs import PayloadError, Sample, decode
from ingest.codecs.sparkplug import MAX_METRICS, is_of_earlier_connection, read_by_birth, rebirth_request
from ingest.codecs.sparkplug_parts import SparkplugBirth, SparkplugSource
from ingest.codecs.sparkplug_schema import Payload

RECEIVED = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON = 1_769_860_800_000_000


def payload(*metrics, timestamp=NOON // 1000, **fields):
    message = Payload(timestamp=timestamp, **fields)
    for metric in metrics:
        message.metrics.add(**metric)
    return message.SerializeToString()


def ndata(*metrics):
    return decode("spBv1.0/plant/NDATA/press-17", payload(*metrics), RECEIVED)


def only_value(metric, birth=None):
    decoded = ndata(metric)
    [sample] = (read_by_birth(decoded, birth) if decoded.sparkplug else decoded).samples
    [value] = sample.values.values()
    return value


@pytest.mark.parametrize(
    ("datatype", "field", "raw", "value"),
    [
        (1, "int_value", 0xFFFFFF80, -128),  # as wide as the field, as Tahu's Java has it
        (1, "int_value", 0x80, -128),  # as wide as the type, as its C has it
        (2, "int_value", 0xFFFF, -1),
        (3, "int_value", 0x80000000, -(2**31)),
        (4, "long_value", 2**64 - 1, -1),
        (5, "int_value", 255, 255),
        (6, "int_value", 65535, 65535),
        (7, "int_value", 2**32 - 1, 2**32 - 1),
        (7, "long_value", 2**32 - 1, 2**32 - 1),
        (8, "long_value", 2**64 - 1, 2.0**64),
        (9, "float_value", 0.5, 0.5),
        (10, "double_value", 1.1, 1.1),
        (11, "boolean_value", True, 1),
        (11, "boolean_value", False, 0),
    ],
)
def test_every_numeric_type_with_its_datatype_told_in_the_data_or_by_the_birth(datatype, field, raw, value):
    assert only_value({"name": b"x", "datatype": datatype, field: raw}) == value
    assert only_value({"name": b"x", field: raw}, SparkplugBirth([("x", None, datatype)])) == value
    assert only_value({"alias": 0, field: raw}, SparkplugBirth([("x", 0, datatype)])) == value


@given(st.integers(-(2**63), 2**63 - 1))
def test_signed_integers_survive(value):
    assert only_value({"name": b"x", "datatype": 4, "long_value": value % 2**64}) == float(value)


def test_a_birth_tells_how_to_read_data_and_bears_values_itself():
    birth = decode(
        "spBv1.0/plant/DBIRTH/press-17/pump",
        payload(
            {"name": b"flow", "alias": 1, "datatype": 10, "double_value": 3.5},
            {"name": b"level", "alias": 2, "datatype": 3, "is_null": True},
            {"name": b"recipe", "alias": 3, "datatype": 12},
        ),
        RECEIVED,
    )

    assert birth.device == "press-17:pump"
    assert birth.samples == [Sample(NOON, {"flow": 3.5})]
    assert birth.statuses == [DeviceStatus("press-17:pump", RECEIVED, Connectivity.ONLINE, dated=False)]
    assert birth.skipped == 1
    assert birth.sparkplug.birth.metrics == [("flow", 1, 10), ("level", 2, 3), ("recipe", 3, 12)]

    data = decode(
        "spBv1.0/plant/DDATA/press-17/pump",
        payload(
            {"alias": 1, "double_value": 4.5},
            {"alias": 2, "int_value": 2**32 - 6, "timestamp": NOON // 1000 - 5},
            {"alias": 3, "int_value": 6},
        ),
        RECEIVED,
    )
    assert data.samples == ()
    read = read_by_birth(data, birth.sparkplug.birth)
    assert read.samples == [Sample(NOON, {"flow": 4.5}), Sample(NOON - 5000, {"level": -6.0})]
    assert read.skipped == 1, "the birth says that alias 3 is text"


def test_what_no_channel_holds_is_left_out_and_counted():
    decoded = ndata(
        {"name": b"flow", "double_value": 1.0},
        {"name": b"nan", "double_value": float("nan")},
        {"name": b"infinite", "float_value": float("inf")},
        {"name": b"since", "datatype": 13, "long_value": 7},
        {"name": b"text", "datatype": 12},
        {"name": b"passing", "double_value": 1.0, "is_transient": True},
        {"name": b"null", "datatype": 10, "is_null": True},
        {"name": b"bdSeq", "datatype": 4, "long_value": 7},
        {"name": b"Node Control/Rebirth", "boolean_value": False},
    )

    assert decoded.samples == [Sample(NOON, {"flow": 1.0})]
    assert decoded.skipped == 4


def test_a_death_bears_the_number_of_its_connection():
    bd_seq = {"name": b"bdSeq", "datatype": 4, "long_value": 7}
    death = decode("spBv1.0/plant/NDEATH/press-17", payload(bd_seq), RECEIVED)
    silent = decode("spBv1.0/plant/DDEATH/press-17/pump", b"", RECEIVED)

    assert death.statuses == [DeviceStatus("press-17", RECEIVED, Connectivity.OFFLINE, dated=False)]
    assert (death.sparkplug.bd_seq, silent.sparkplug.bd_seq) == (7, None)


@pytest.mark.parametrize(
    ("death", "birth", "is_earlier"),
    [(7, 8, True), (8, 8, False), (9, 8, False), (255, 0, True), (0, 255, False), (None, 8, False), (8, None, False)],
)
def test_numbers_of_connections_begin_anew_after_255(death, birth, is_earlier):
    assert is_of_earlier_connection(death, birth) is is_earlier


@pytest.mark.parametrize(
    ("birth", "reason"),
    [
        (None, "alias 7 came before any birth certificate"),
        (SparkplugBirth([("flow", 1, 10)]), "alias 7 is not in the birth certificate"),
    ],
)
def test_data_that_its_birth_does_not_know_is_refused(birth, reason):
    with pytest.raises(PayloadError, match=reason) as caught:
        read_by_birth(ndata({"alias": 7, "double_value": 1.0}), birth)
    assert caught.value.label == "unknown_alias"


@pytest.mark.parametrize(
    ("topic", "content", "label", "reason"),
    [
        ("NDATA/press-17", b"\xff\xff", "sparkplug", "not a Sparkplug B payload"),
        ("NDATA/press-17", payload(uuid=b"SPBV1.0_COMPRESSED"), "sparkplug", "switch the compression off"),
        ("NDATA/press-17", b"\x12\x00" * (MAX_METRICS + 1), "sparkplug", "metrics are more than 20000"),
        ("NDATA/press-17", payload({"double_value": 1.0}), "sparkplug", "neither name nor alias"),
        ("NDATA/press-17", payload({"name": b"\xff", "double_value": 1.0}), "sparkplug", "not UTF-8"),
        ("NDATA/press-17", payload({"name": b"a\0", "double_value": 1.0}), "sparkplug", "control characters"),
        ("NDATA/press-17", payload({"name": b"a", "double_value": 1.0}, timestamp=0), "ts", "ts is missing"),
        ("NDATA/press-17", payload({"name": b"a", "double_value": 1.0}, timestamp=2**64 - 1), "ts", "outside"),
        ("NBIRTH/press-17", payload({"alias": 1, "datatype": 10}), "sparkplug", "metric name '' is empty"),
        ("NBIRTH/press-17", payload({"name": b"a"}, {"name": b"a"}), "sparkplug", "two metrics with name 'a'"),
        ("NBIRTH/p", payload({"name": b"a", "alias": 1}, {"name": b"b", "alias": 1}), "sparkplug", "alias 1"),
        ("NDATA/press:17", b"", "topic", "device name 'press:17' may only"),
        ("DDATA/press-17/pump 1", b"", "topic", "device name"),
        (f"DDATA/{'x' * 100}/{'y' * 100}", b"", "topic", "at most 128"),
    ],
)
def test_messages_that_cannot_be_stored(topic, content, label, reason):
    with pytest.raises(PayloadError, match=reason) as caught:
        decode(f"spBv1.0/plant/{topic}", content, RECEIVED)
    assert caught.value.label == label


def test_a_rebirth_is_asked_of_the_edge_node():
    topic, request = rebirth_request(SparkplugSource("plant", "press-17", "pump"), RECEIVED)

    assert topic == "spBv1.0/plant/NCMD/press-17"
    assert request == payload({"name": b"Node Control/Rebirth", "datatype": 11, "boolean_value": True})
