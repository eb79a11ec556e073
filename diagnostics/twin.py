"""Changes what is desired of a device. `sender` delivers it; what the device makes of it comes back as a report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from diagnostics.twin_documents import changes_between, check_document, patched
from domain.errors import ConflictError, InvalidInputError
from domain.twin import Twin
from store import audit, devices, twins
from store.database import Connection


def desire(
    connection: Connection,
    device: str,
    changes: Mapping[str, Any],
    *,
    who: str,
    now: datetime,
    expected_version: int | None = None,
) -> Twin:
    """Merge `changes` into what is desired; null takes a setting away. What is so already makes no new version.

    expected_version: the version that whoever asks has seen. Raises NotFoundError, InvalidInputError, or ConflictError
    when it has moved on since.
    """
    if not changes:
        raise InvalidInputError("nothing to change: give settings by name, null to take one away")
    check_document(changes, "the change")
    device_id = devices.get(connection, device).device_id
    twin = twins.lock(connection, device_id)
    if expected_version is not None and expected_version != twin.desired_version:
        raise ConflictError(
            f"what is desired of {device} is at version {twin.desired_version}, not {expected_version}: somebody was "
            "quicker; look at it and try again"
        )
    desired = patched(twin.desired, changes)
    check_document(desired, "what is desired then")
    differences = changes_between(twin.desired, desired)
    if differences:
        version = twins.desire(connection, device_id=device_id, desired=desired, changes=differences, at=now, who=who)
        audit.record(
            connection,
            at=now,
            who=who,
            action="desired",
            object_kind="device",
            object_id=device,
            detail={"version": version, "settings": sorted(differences)},
        )
    return twins.get(connection, device)
