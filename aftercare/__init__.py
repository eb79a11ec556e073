"""Aftercare: telemetry in, failure predicted, ticket opened and part reserved before the failure."""

__version__ = "0.1.0"
