"""What Sparkplug B messages say about each other: a birth tells how to read the data that follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class SparkplugSource(NamedTuple):
    """Who speaks: an edge node, or a device behind it. `device_id` is empty for the edge node itself."""

    group_id: str
    edge_node: str
    device_id: str = ""


class SparkplugMetric(NamedTuple):
    """A number on its way to a channel; its name and datatype may be known to the birth only.

    ts: as in Sample. datatype: 0 when the message does not tell. number: as protobuf has it, integers unsigned.
    """

    ts: int
    name: str | None
    alias: int | None
    datatype: int
    number: float


@dataclass(frozen=True)
class SparkplugBirth:
    """(name, alias or None, datatype) of each metric, and the number that the death of this connection will bear."""

    metrics: Sequence[tuple[str, int | None, int]]
    bd_seq: int | None = None

    @cached_property
    def names(self) -> dict[int, str]:
        """Name of each alias."""
        return {alias: name for name, alias, _ in self.metrics if alias is not None}

    @cached_property
    def datatypes(self) -> dict[str, int]:
        """Datatype of each name."""
        return {name: datatype for name, _, datatype in self.metrics}


@dataclass(frozen=True, slots=True)
class SparkplugPart:
    """What a message needs other messages for, or tells for them: a birth; data that needs a birth; or a death."""

    source: SparkplugSource
    birth: SparkplugBirth | None = None
    data: Sequence[SparkplugMetric] = ()
    is_death: bool = False
    bd_seq: int | None = None
