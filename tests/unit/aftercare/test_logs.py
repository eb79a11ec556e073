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
