"""PostgreSQL, a broker and a Prefect server on this machine, for `up`, `demo` and the tests."""

from aftercare.embedded.binaries import Binaries, Origin, find_binaries
from aftercare.embedded.broker import EmbeddedBroker
from aftercare.embedded.postgres import EmbeddedPostgres
from aftercare.embedded.scheduler import EmbeddedPrefect

__all__ = ["Binaries", "EmbeddedBroker", "EmbeddedPostgres", "EmbeddedPrefect", "Origin", "find_binaries"]
