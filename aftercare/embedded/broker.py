"""An MQTT broker on loopback: Mosquitto, or the wheel broker where there is none."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from aftercare.embedded.binaries import Binaries
from aftercare.embedded.ports import LOOPBACK, free_port, service_answers
from aftercare.embedded.state import fresh_log, make_private
from aftercare.supervisor import Child, Supervisor

AUTOSAVE_SECONDS = 2


class EmbeddedBroker:
    """One broker, its queue kept in `state_dir/name`; a context manager. `port` 0 takes a free one.

    With Mosquitto, messages that were not acknowledged are delivered again after a crash of the subscriber; after a
    crash of the broker itself, those of the last `autosave_seconds` may be gone. `throwaway`: removed at the end.
    """

    def __init__(
        self,
        binaries: Binaries,
        state_dir: Path,
        *,
        name: str = "up",
        port: int = 0,
        throwaway: bool = False,
        autosave_seconds: int = AUTOSAVE_SECONDS,
    ) -> None:
        self._autosave_seconds = autosave_seconds
        self.port = port or free_port()
        self._binaries = binaries
        self._throwaway = throwaway
        self._folder = state_dir / name
        self._home = binaries.home(state_dir, f"{name}/broker")
        self._supervisor: Supervisor | None = None

    @property
    def url(self) -> str:
        """Address of the broker."""
        return f"mqtt://{LOOPBACK}:{self.port}"

    def __enter__(self) -> EmbeddedBroker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Run the broker and wait for it; a crashed broker is started again.

        Raises UnavailableError with what it said.
        """
        make_private(self._folder)
        log = fresh_log(self._folder / "broker.log")
        self._supervisor = Supervisor(
            [
                Child(
                    "broker",
                    self._mosquitto() if self._binaries.mosquitto else self._wheel(),
                    ready=lambda: service_answers(log, self.port),
                    ready_within=timedelta(seconds=30),
                    lifeline=True,
                    log=log,
                )
            ]
        )
        self._supervisor.start()

    def stop(self) -> None:
        """Stop the broker, its queue saved; nothing when it does not run."""
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None

    def _mosquitto(self) -> list[str]:
        assert self._binaries.mosquitto is not None
        self._binaries.run(
            ["sh", "-c", "cat > broker.conf"],
            home=self._home,
            text=mosquitto_config(self.port, self._home, self._autosave_seconds),
        )
        return self._binaries.command(
            [self._binaries.mosquitto, "-c", "broker.conf"], home=self._home, port=self.port, remove=self._throwaway
        )

    def _wheel(self) -> list[str]:
        config = self._folder / "rumqttd.toml"
        config.write_text(RUMQTTD_CONFIG.format(port=self.port), encoding="utf-8")
        # Ours to start as we are: only PostgreSQL minds root, and the wheel is in our environment.
        argv = [sys.executable, "-m", "iotcore", "--log-level", "CRITICAL", "--config", str(config)]
        own = Binaries(self._binaries.origin, self._binaries.postgres_bin, None)
        return own.command(argv, home=str(self._folder / "broker"), port=self.port, remove=self._throwaway)


def mosquitto_config(port: int, home: str, autosave_seconds: int) -> str:
    """Configuration of a broker that drops nothing: no limit to its queues, and its memory on disk."""
    return f"""listener {port} {LOOPBACK}
allow_anonymous true
persistence true
persistence_location {home}/
autosave_interval {autosave_seconds}
max_queued_messages 0
max_inflight_messages 1000
sys_interval 2
log_dest stderr
log_type error
log_type warning
connection_messages false
"""


# rumqttd speaks MQTT 5 only, on this listener: its other protocol needs another port.
RUMQTTD_CONFIG = """id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10

[v5.1]
name = "loopback"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 1000
dynamic_filters = true
"""
