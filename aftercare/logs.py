"""Structured logs: one event a line, on standard error; JSON unless a person is watching."""

from __future__ import annotations

import logging
import sys
from typing import TextIO, cast

import structlog


def configure_logging(level: str = "info", *, person_watching: bool | None = None) -> None:
    """Set up structlog for this process."""
    watching = sys.stderr.isatty() if person_watching is None else person_watching
    renderer = structlog.dev.ConsoleRenderer() if watching else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _StandardError())),
    )


class _StandardError:
    """Whatever standard error is at the moment of writing: loggers outlive a redirection of it."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()
