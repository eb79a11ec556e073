"""Names of features: the group that a feature tells of, a dot, and what it tells."""

from __future__ import annotations

from datetime import timedelta

AGE = "age"
INSTALLED = "installed"
EVENT, COMPONENT = "event:", "component:"
"""What groups of events and components begin with; channels and attributes have names without a colon."""
OTHER_CODES = "other"


def group_of(feature: str) -> str:
    """The channel, attribute, component or event that a feature tells of, or `age` or `installed`."""
    return feature.partition(".")[0]


def event_group(kind: str, code: str) -> str:
    """The group of one event code; a dot in the code would end the group's name."""
    return f"{EVENT}{kind}:{code.replace('.', '_')}"


def window_name(length: timedelta) -> str:
    """The length in its largest whole unit, as it stands in a feature's name: 15h, 7d, 90s."""
    seconds = length.total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
