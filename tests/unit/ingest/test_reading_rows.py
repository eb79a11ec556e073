"""Rows of one device model, collected from the messages of a batch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare.wiring import load_catalog
from ingest.codecs import Sample
from ingest.codecs.packed_json import PackedRows
from ingest.reading_rows import ReadingRows

MODEL = load_catalog()["turbofan_fd001"]
NAMES = [channel.name for channel in MODEL.channels]
NOON = 1_769_860_800_000_000


def contents(block):
    """(device_id, ts) to what the row holds; the keys in the order of the block."""
    return {
        (device_id, ts): {name: value for name, value in zip(NAMES, values, strict=True) if not np.isnan(value)}
        | dict(block.extra.get(row, {}))
        for row, (device_id, ts, values) in enumerate(
            zip(block.device_id.tolist(), block.ts.tolist(), block.values.tolist(), strict=True)
        )
    }


@pytest.fixture
def rows():
    return ReadingRows(MODEL)


def test_partial_rows_of_one_instant_become_one_row(rows):
    rows.add(1, Sample(NOON, {"mach": 0.8}))
    rows.add(1, Sample(NOON, {"altitude": 35.0, "undeclared": 1.0}))

    block = rows.block()

    assert contents(block) == {(1, NOON): {"mach": 0.8, "altitude": 35.0, "undeclared": 1.0}}
    assert block.extra == {0: {"undeclared": 1.0}}
    assert (rows.merged, rows.conflicts) == (1, 0)


def test_undeclared_channels_are_told_with_a_device_that_sent_them(rows):
    rows.add(1, Sample(NOON, {"mach": 0.8, "x": 1.0, "y": 1.0}))
    rows.add(2, Sample(NOON, {"x": 1.0}))
    rows.add(3, Sample(NOON, {"mach": 0.8}))

    assert rows.undeclared == {"x": 2, "y": 1}
    assert rows.undeclared_values == 3


def test_the_first_value_wins_and_the_other_is_counted(rows):
    rows.add(1, Sample(NOON, {"mach": 0.8, "x": 1.0}))
    rows.add(1, Sample(NOON, {"mach": 0.9}))
    rows.add(1, Sample(NOON, {"mach": 0.8, "x": 2.0}))

    assert contents(rows.block()) == {(1, NOON): {"mach": 0.8, "x": 1.0}}
    assert (rows.merged, rows.conflicts) == (2, 2)


def test_packed_rows_and_samples_keep_the_order_in_which_they_came(rows):
    full = dict.fromkeys(NAMES, 2.0)
    rows.add(1, Sample(NOON, {"mach": 1.0}))
    rows.add_packed(1, PackedRows((NOON, NOON - 1), rows.shape.pack(*full.values()) * 2))

    assert contents(rows.block()) == {(1, NOON - 1): full, (1, NOON): full | {"mach": 1.0}}
    assert (rows.merged, rows.conflicts) == (1, 1)


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

    block = rows.block()

    assert list(contents(block)) == sorted(first)
    assert contents(block) == first
    assert rows.merged == len(samples) - len(first)
    assert block.newest() == {key: max(ts for device_id, ts in first if device_id == key) for key, _ in first}
