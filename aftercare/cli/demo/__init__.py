"""The demo: the whole loop on a fleet."""

from aftercare.cli.demo.command import demo

__all__ = ["demo"]
