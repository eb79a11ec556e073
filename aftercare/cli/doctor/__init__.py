"""`aftercare doctor`: what is wrong with settings, services and machine, and how to mend it."""

from aftercare.cli.doctor.command import doctor

__all__ = ["doctor"]
