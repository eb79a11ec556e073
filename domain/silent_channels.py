"""Channels that a catalog file declares and that carried nothing, by why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SilentChannels = Mapping[str, Sequence[str]]
"""Names of channels by one of the keys of `WORDS`."""
CONSTANT, NEVER_SEEN, IMPLAUSIBLE, VANISHED = "constant", "never_seen", "implausible", "vanished"
WORDS = {
    CONSTANT: "constant",
    NEVER_SEEN: "never seen",
    IMPLAUSIBLE: "never within low and high",
    VANISHED: "vanished since training",
}


def tell_silent(silent: SilentChannels) -> str:
    """In one line, such as `constant: speed, load; never seen: torque`; empty when there are none."""
    return "; ".join(f"{words}: {', '.join(silent[key])}" for key, words in WORDS.items() if silent.get(key))
