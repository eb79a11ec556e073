"""Logging survives a redirection of standard error."""

import contextlib
import io

import structlog

from aftercare.logs import configure_logging


def test_a_logger_writes_where_standard_error_is_now(capsys):
    log = structlog.get_logger()
    redirected = io.StringIO()
    with contextlib.redirect_stderr(redirected):
        configure_logging()
        log.info("first")
    redirected.close()

    log.info("second")

    assert "second" in capsys.readouterr().err


def test_a_logger_that_has_been_used_follows_a_later_configuration():
    log = structlog.get_logger()
    configure_logging()
    log.info("first")
    configure_logging()

    with structlog.testing.capture_logs() as logs:
        log.info("second")

    assert [line["event"] for line in logs] == ["second"]
