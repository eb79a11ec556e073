"""Which codec reads which topic."""

from datetime import UTC, datetime

import pytest

from ingest.codecs import MAX_PAYLOAD, PayloadError, decode

RECEIVED = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("topic", ["", "devices/d", "devices/d/other", "devices//telemetry", "x/devices/d/status"])
def test_topics_that_no_codec_reads(topic):
    with pytest.raises(PayloadError, match="no codec reads"):
        decode(topic, b"{}", RECEIVED)


def test_a_payload_beyond_the_limit_is_refused_unread():
    with pytest.raises(PayloadError, match="send smaller arrays"):
        decode("devices/d/telemetry", b" " * (MAX_PAYLOAD + 1), RECEIVED)
