"""What the numbers of Sparkplug B data mean, by their datatype and with the help of the birth."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from ingest.codecs.decoded import PayloadError, Sample
from ingest.codecs.samples import group_samples
from ingest.codecs.sparkplug_parts import SparkplugBirth, SparkplugMetric

BOOLEAN = 11
NUMERIC = range(1, BOOLEAN + 1)
"""Int8 to Boolean. Text, instants, arrays, data sets and templates have higher numbers."""
SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
"""Int8 to Int64: an unsigned field carries their two's complement, in whatever width the sender chose."""
CONTROL = ("Node Control/", "Device Control/")
BD_SEQ = "bdSeq"


def read_data(metrics: Sequence[SparkplugMetric], birth: SparkplugBirth | None) -> tuple[list[Sample], int]:
    """Samples, and how many values were left out because no channel can hold them.

    Raises PayloadError (`unknown_alias`) when the birth is missing or does not know a metric.
    """
    names = birth.names if birth else {}
    datatypes = birth.datatypes if birth else {}
    points = []
    skipped = 0
    for ts, named, alias, typed, number in metrics:
        name = names.get(alias) if named is None and alias is not None else named
        datatype = typed or (datatypes.get(name) if name is not None else None)
        if name is None or datatype is None:
            raise PayloadError("unknown_alias", _unknown(named, alias, birth))
        if name == BD_SEQ or name.startswith(CONTROL):
            continue
        value = _value(datatype, number)
        if datatype in NUMERIC and isfinite(value):
            points.append((ts, name, value))
        else:
            skipped += 1
    return group_samples(points), skipped


def _value(datatype: int, number: float) -> float:
    bits = SIGNED_BITS.get(datatype)
    if bits and isinstance(number, int):
        number &= (1 << bits) - 1
        number -= (number >> (bits - 1)) << bits
    return float(number)


def _unknown(name: str | None, alias: int | None, birth: SparkplugBirth | None) -> str:
    metric = f"metric {name!r} without a datatype" if name is not None else f"alias {alias}"
    if birth is None:
        return f"{metric} came before any birth certificate: a rebirth was requested, replay this after it"
    return f"{metric} is not in the birth certificate: a rebirth was requested, replay this after it"
