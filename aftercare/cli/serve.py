"""`aftercare serve`."""

from __future__ import annotations

import signal
import socket
from types import FrameType

import click
import structlog
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

import api.app
import console.app
from access.accounts import FIRST_ADMIN, make_first_admin
from aftercare import wiring
from aftercare.logs import configure_logging
from aftercare.settings import load_settings
from aftercare.wiring import Application
from alerts.feed import Feed
from domain.clock import system_clock
from domain.errors import ConfigurationError
from store.migrate import require_current

log = structlog.get_logger()
STREAMS_END_WITHIN = 3


@click.command(epilog="Example: AFTERCARE_HTTP_PORT=8080 aftercare serve")
def serve() -> None:
    """Serve the HTTP API and the web console until Ctrl-C or SIGTERM."""
    settings = load_settings()
    configure_logging(settings.log_level)
    application = wiring.build(settings, pool_size=16, application="aftercare serve")
    listening = listen(settings.http_host, settings.http_port)
    with listening, application.database as database:
        with database.transaction() as connection:
            require_current(connection)
            password = make_first_admin(connection, now=system_clock())
        if password is not None:
            click.echo(f"first start: sign in as {FIRST_ADMIN} with the one-time password {password}")
        host, port = listening.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        log.info("serving", console=f"{address}/", api=f"{address}{api.app.PREFIX}", database=database.name)
        feed = Feed(database)
        _Server(feed, compose(application, feed)).run(sockets=[listening])
        log.info("stopped")


def compose(application: Application, feed: Feed) -> ASGIApp:
    """API and console as one ASGI application."""
    interface, pages = api.app.create_app(application, feed), console.app.create_app(application, feed)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        await (interface if scope.get("path", "").startswith("/api/") else pages)(scope, receive, send)

    return route


class _Server(uvicorn.Server):
    """uvicorn that ends open streams when it is told to stop, and then leaves with 0."""

    def __init__(self, feed: Feed, app: ASGIApp) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)  # uvicorn sends itself the signal again after its clean stop
        self._feed = feed
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STREAMS_END_WITHIN,
        )
        super().__init__(config)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._feed.close()
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises ConfigurationError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named asyncio switches Nagle's algorithm off; without it each answer waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except (OSError, OverflowError) as error:
        listening.close()
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {error}. "
            "Set AFTERCARE_HTTP_HOST and AFTERCARE_HTTP_PORT to a free address"
        ) from error
    return listening
