"""What is made of a batch before anything is stored."""

from diagnostics import intake
from diagnostics.messages import Arrived, Marker


def test_a_defect_costs_one_message_and_not_all(monkeypatch):
    def read(arrived):
        if arrived.payload == b"broken":
            raise ZeroDivisionError("division by zero")
        return Marker(arrived.payload)

    monkeypatch.setattr(intake, "read_message", read)
    refused = []
    batch = [Arrived("a", b"1"), Arrived("b", b"broken"), Arrived("c", b"2")]
    read_ones = intake._read(batch, lambda arrived, error: refused.append((arrived.topic, error.label, str(error))))
    assert [message.nonce for _, message in read_ones] == [b"1", b"2"]
    [(topic, label, text)] = refused
    assert (topic, label, "division by zero" in text) == ("b", "defect", True)
