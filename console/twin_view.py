"""How a twin is told, setting by setting. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from console.json_text import as_text
from diagnostics.twin_documents import delta
from domain.twin import Twin


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: both values as JSON, empty where there is none; and how it stands."""

    name: str
    reported: str
    desired: str
    stands: str
    refused: str


def settings_of(twin: Twin) -> list[Setting]:
    """Every setting of either side by name, those that are not so yet first."""
    names = sorted(twin.reported.keys() | twin.desired.keys())
    missing = delta(twin.desired, twin.reported)
    told = [
        Setting(
            name,
            as_text(twin.reported[name]) if name in twin.reported else "",
            as_text(twin.desired[name]) if name in twin.desired else "",
            _stands(twin, name, name in missing),
            twin.refused.get(name, ""),
        )
        for name in names
    ]
    return sorted(told, key=lambda setting: setting.stands in ("", "done"))


def _stands(twin: Twin, name: str, is_missing: bool) -> str:
    """`done`, `refused`, `waiting` for the device or `under way` to the broker; empty: nobody desires anything."""
    if name not in twin.desired:
        return ""
    if not is_missing:
        return "done"
    if name in twin.refused and twin.looked_at_version == twin.desired_version:
        return "refused"
    return "waiting" if twin.delivered_version == twin.desired_version else "under way"
