"""Timestamps of messages."""

import pytest

from ingest.codecs import PayloadError
from ingest.codecs.timestamps import read_timestamp


def test_a_wrong_timestamp_is_counted_as_one():
    with pytest.raises(PayloadError, match="looks like epoch seconds") as caught:
        read_timestamp(1_769_860_800)
    assert caught.value.label == "ts"
