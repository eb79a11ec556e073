"""The command line: one module per command."""

from aftercare.cli.main import main

__all__ = ["main"]
