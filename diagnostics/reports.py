"""Takes in what devices report of themselves: settings, firmware, and what is built in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from diagnostics.messages import MessageError, Report
from diagnostics.twin_documents import changes_between
from domain.device import DeviceEvent, EventKind
from domain.twin import ReportedComponent
from store import devices, events, twins
from store.database import Connection
from store.devices import DeviceRef

FIRMWARE = "firmware"


def take_report(
    connection: Connection, known: Mapping[str, DeviceRef], report: Report, *, at: datetime, not_after: datetime
) -> bool:
    """Store a report; False for one that is not newer than what is known. What is desired stays as it is.

    Raises MessageError for an unknown device, and for what claims to come from after `not_after`.
    """
    device = known.get(report.device)
    if device is None:
        raise MessageError("unknown_device", f"no device {report.device!r} is registered: import it")
    if report.ts > not_after:
        raise MessageError("future", f"ts {report.ts.isoformat()} lies in the future: set the device's clock")
    twin = twins.lock(connection, device.device_id)
    if twin.reported_at is not None and report.ts <= twin.reported_at:
        return False
    changes = changes_between(twin.reported, report.reported)
    twins.report(
        connection,
        device_id=device.device_id,
        device=report.device,
        reported=report.reported,
        ts=report.ts,
        version=report.version,
        refused=report.refused,
        changes=changes,
        at=at,
    )
    told: dict[str, Any] = dict(changes) if twin.reported_at is not None else {}
    told |= _take_firmware(connection, device.device_id, report)
    for component in report.components:
        _take_component(connection, device.device_id, component, report.ts)
    _tell(connection, device.device_id, report, told)
    return True


def _take_firmware(connection: Connection, device_id: int, report: Report) -> Mapping[str, Any]:
    if report.firmware is None:
        return {}
    before = twins.set_firmware(connection, device_id=device_id, firmware=report.firmware)
    return {FIRMWARE: (before, report.firmware)} if before else {}


def _take_component(connection: Connection, device_id: int, told: ReportedComponent, ts: datetime) -> None:
    """Another serial number is another component: its life begins now."""
    built_in = twins.components(connection, device_id).get(told.component)
    if built_in is None:
        twins.add_component(connection, device_id=device_id, component=told, at=ts)
        return
    if built_in.serial and told.serial and built_in.serial != told.serial:
        devices.renew_component(connection, device_id=device_id, component=told.component, at=ts)
    if built_in != told:
        twins.mark_component(connection, device_id=device_id, component=told)


def _tell(connection: Connection, device_id: int, report: Report, changes: Mapping[str, Any]) -> None:
    """A change of configuration is an event, which models may learn from."""
    events.insert(
        connection,
        [
            (
                device_id,
                DeviceEvent(
                    report.device, report.ts, EventKind.CONFIG, code=name, detail={"before": before, "after": after}
                ),
            )
            for name, (before, after) in changes.items()
        ],
    )
