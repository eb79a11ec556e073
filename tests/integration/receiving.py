"""A real HTTP server that receives webhooks and behaves as a test tells it to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiving:
    """What came, in the order in which it was answered. `behaviour` gets the request's handler and its JSON body, and
    answers by itself or returns the status to answer with."""

    port: int = 0
    behaviour: Callable[[BaseHTTPRequestHandler, Any], int | None] = lambda _handler, _event: 204
    taken: list[Any] = field(default_factory=list)
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def changes(self, subject: str | None = None) -> list[int]:
        """Numbers in the feed of the events that were taken, each when it first came."""
        numbers = [int(event["id"]) for event in self.taken if subject is None or event["subject"] == subject]
        return list(dict.fromkeys(numbers))


@contextmanager
def receiving() -> Iterator[Receiving]:
    """A server on a free port of loopback."""
    state = Receiving()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            event = json.loads(body)
            with state.lock:
                state.asked.append(({key.lower(): value for key, value in self.headers.items()}, body))
            status = state.behaviour(self, event)
            if status is None:
                self.close_connection = True
                return
            if 200 <= status < 300:
                with state.lock:
                    state.taken.append(event)
                    state.at.append(time.monotonic())
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"http://127.0.0.1:{state.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """A client that went away is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def is_signed(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """As a receiver checks it, by Standard Webhooks."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return wanted in headers["webhook-signature"].split(" ")
