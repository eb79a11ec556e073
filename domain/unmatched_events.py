"""Failures and repairs that a catalog file knows nothing of: no failure mode learns from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from domain.device import EventKind
from domain.device_model import DeviceModel

Told = tuple[str, str, str, str]
"""Kind, code, component and failure mode of an event."""
MOST_NAMED = 5


def unmatched_events(device_model: DeviceModel, events: Mapping[Told, int]) -> dict[str, int]:
    """How many events, given as numbers of alike ones, are failures whose code no failure mode names, or maintenance of
    a component that is not listed; by what they are called. Events of other kinds need not match anything."""
    components = {component.name for component in device_model.components}
    modes = {mode.name for mode in device_model.failure_modes}
    codes = {code for mode in device_model.failure_modes for code in mode.event_codes}
    found: Counter[str] = Counter()
    for (kind, code, component, failure_mode), number in events.items():
        if failure_mode in modes:
            continue
        if kind == EventKind.FAILURE and code not in codes:
            found[f"failure {code!r}" if code else "failure without a code"] += number
        elif kind == EventKind.MAINTENANCE and component and component not in components:
            found[f"maintenance of {component!r}"] += number
    return dict(found)


def tell_unmatched(found: Mapping[str, int]) -> str:
    """In one line, the most frequent first; empty when there are none."""
    if not found:
        return ""
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{name} ({number:,})" for name, number in ranked[:MOST_NAMED])
    more = f", and {len(ranked) - MOST_NAMED} more" if len(ranked) > MOST_NAMED else ""
    return (
        f"{sum(found.values()):,} events are known to no failure mode and no component of the catalog file, and no "
        f"mode learns from them: {named}{more}; event_codes of a failure mode names its codes"
    )
