"""What is remembered of Sparkplug births, and when a rebirth is asked for, with a clock in hand."""

import itertools

import pytest

from ingest.codecs import PayloadError
from ingest.codecs.sparkplug_schema import Payload
from ingest.message import Message, read
from ingest.metrics import IngestMetrics
from ingest.sparkplug_births import BirthDirectory


class Ingest:
    """A directory with everything around it in hand."""

    def __init__(self, bench):
        self._bench = bench
        self._instants = itertools.count()
        self.seconds = 0.0
        self.connection = 1
        self.asked = []
        self.directory = BirthDirectory(
            request=lambda topic, _: self.asked.append(topic),
            connection_number=lambda: self.connection,
            clock=lambda: bench.noon,
            metrics=IngestMetrics(lambda: 0),
            monotonic=lambda: self.seconds,
        )

    def message(self, kind, **by_name_or_alias):
        payload = Payload(timestamp=int(self._bench.noon.timestamp() * 1000))
        for alias, (name, value) in enumerate(by_name_or_alias.items(), 1):
            if kind == "DBIRTH":
                payload.metrics.add(name=name.encode(), alias=alias, datatype=10, double_value=value)
            else:
                payload.metrics.add(alias=int(name[1:]), double_value=value)
        received_at = self._bench.noon + next(self._instants) * self._bench.hour
        return read(Message(f"spBv1.0/plant/{kind}/a/pump", payload.SerializeToString(), received_at))

    def read(self, *incoming, commit=True):
        """Samples of each message, or the label of its refusal."""
        with self._bench.application.database.transaction() as connection:
            contents = [content for _, content in self.directory.read(connection, incoming)]
        if commit:
            self.directory.confirm()
        return [
            content.label if isinstance(content, PayloadError) else [dict(sample.values) for sample in content.samples]
            for content in contents
        ]


@pytest.fixture
def ingest(bench):
    return Ingest(bench)


def test_births_take_effect_in_their_order_also_when_a_batch_is_read_again(ingest):
    ingest.read(ingest.message("DBIRTH", x=0.0, y=0.0))
    batch = [
        ingest.message("DDATA", a1=1.0),
        ingest.message("DBIRTH", y=0.0, x=0.0),
        ingest.message("DDATA", a1=2.0),
    ]

    first = ingest.read(*batch, commit=False)
    again = ingest.read(*batch)

    assert first == again == [[{"x": 1.0}], [{"y": 0.0, "x": 0.0}], [{"y": 2.0}]]
    assert ingest.read(ingest.message("DDATA", a1=3.0)) == [[{"y": 3.0}]]
    assert ingest.asked == []


def test_an_edge_node_is_asked_once_a_minute(ingest):
    for second in range(121):
        ingest.seconds = float(second)
        assert ingest.read(ingest.message("DDATA", a1=1.0)) == ["unknown_alias"]

    assert ingest.asked == ["spBv1.0/plant/NCMD/a"] * 3


def test_after_a_new_connection_the_stored_birth_is_used_and_confirmed(ingest):
    ingest.read(ingest.message("DBIRTH", x=0.0))
    ingest.connection = 2

    assert ingest.read(ingest.message("DDATA", a1=1.0), ingest.message("DDATA", a1=2.0)) == [[{"x": 1.0}], [{"x": 2.0}]]
    assert ingest.asked == ["spBv1.0/plant/NCMD/a"]


def test_a_birth_that_tells_nothing_new_takes_no_row(ingest, bench):
    for value in (1.0, 2.0, 3.0):
        ingest.read(ingest.message("DBIRTH", x=value))
    ingest.read(ingest.message("DBIRTH", x=1.0, y=1.0))

    assert bench.rows(
        "SELECT received_at - %s, confirmed_at - %s FROM sparkplug_births ORDER BY 1", bench.noon, bench.noon
    ) == [
        (0 * bench.hour, 2 * bench.hour),
        (3 * bench.hour, 3 * bench.hour),
    ]
