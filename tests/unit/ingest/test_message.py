"""A message that a codec cannot deal with."""

from datetime import UTC, datetime

from ingest import message
from ingest.codecs import PayloadError
from ingest.message import Message, read

CAME = Message("devices/d/telemetry", b"{}", datetime(2026, 1, 31, tzinfo=UTC))


def test_a_mistake_in_a_message_is_its_content():
    content = read(CAME).content
    assert isinstance(content, PayloadError)
    assert content.label == "ts"


def test_a_defect_of_a_codec_costs_one_message_and_not_all(monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(message, "decode", broken)
    content = read(CAME).content
    assert isinstance(content, PayloadError)
    assert (content.label, "division by zero" in str(content)) == ("defect", True)
