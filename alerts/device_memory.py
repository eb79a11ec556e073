"""A device's memory as it is stored, and back. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from alerts.rule_runs import Checkpoint, Episode, Memory
from alerts.rule_state import INITIAL, pack_states, unpack_states
from alerts.rule_steps import silent_from
from domain.alarm_rule import AlarmRule
from store.rule_memories import StoredMemory


def restore(stored: StoredMemory) -> Memory:
    """What `store_form` made."""
    told = {
        name: tuple(Episode(_instant(raised), _instant(cleared) if cleared else None) for raised, cleared in episodes)
        for name, episodes in stored.told.items()
    }
    return Memory(
        now=Checkpoint(stored.judged_until, unpack_states(stored.states)),
        older=Checkpoint(stored.older_at, unpack_states(stored.older)),
        newer=Checkpoint(stored.newer_at, unpack_states(stored.newer)),
        told=told,
    )


def store_form(memory: Memory) -> StoredMemory:
    """As rows of `rule_memories` hold it."""
    told = {
        name: [[one.raised_at.isoformat(), one.cleared_at and one.cleared_at.isoformat()] for one in episodes]
        for name, episodes in memory.told.items()
    }
    return StoredMemory(
        judged_until=memory.now.at,
        states=pack_states(memory.now.states),
        older_at=memory.older.at,
        older=pack_states(memory.older.states),
        newer_at=memory.newer.at,
        newer=pack_states(memory.newer.states),
        told=told,
    )


def next_silence(rules: Iterable[AlarmRule], memory: Memory) -> datetime | None:
    """When the first of the rules for silence is due if nothing comes; None for never."""
    due = (silent_from(rule, memory.now.states.get(rule.name, INITIAL)) for rule in rules)
    return min((instant for instant in due if instant is not None), default=None)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
