"""The sessions that a group of ingest replicas has at the broker: one for each slot, and its guards."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from domain.broker import BrokerAddress
from ingest.broker import connect, make_client
from ingest.codecs import CODECS
from ingest.link import Link


@dataclass(frozen=True, slots=True)
class Sessions:
    """How to connect to them. receive_maximum: messages that the broker may send ahead of their acknowledgements."""

    address: BrokerAddress
    group: str
    expiry: timedelta
    receive_maximum: int
    _topics: dict[bytes, str] = field(default_factory=dict)

    def name(self, slot: int) -> str:
        """The client id of a slot, which is the name of its session."""
        return f"aftercare-{self.group}-{slot}"

    def guard_name(self, number: int) -> str:
        """The client id of a guard (`ingest.guards`); 0 is that of no session."""
        return f"aftercare-{self.group}-guard-{number}"

    @property
    def shared_filters(self) -> list[str]:
        """The topics of which each message is for one member of the group."""
        return [codec.topic_filter for codec in CODECS if not codec.to_all]

    def open(self, name: str, number: int, *, subscribe: bool = True) -> Link:
        """Begin a connection, to subscribe or to cancel what a slot or a guard has subscribed to.

        Raises OSError or UnicodeError.

        `number` tells the connection from all others of this process.
        """
        client = make_client(self.address, name)
        connect(client, self.address, session_expiry=self.expiry, receive_maximum=self.receive_maximum)
        # A group for each filter: the wheel broker loses messages when one group has several filters.
        subscriptions = [
            (codec.topic_filter if codec.to_all else f"$share/{self.group}-{position}/{codec.topic_filter}", 1)
            for position, codec in enumerate(CODECS)
        ]
        if not subscribe:
            subscriptions += [(topic_filter, 1) for topic_filter in self.shared_filters]
        return Link(client, number, subscriptions, self._topics, subscribe=subscribe)
