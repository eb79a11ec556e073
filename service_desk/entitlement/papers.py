"""Takes in sites, warranties, contracts and sales: checked against the catalog, with a line in the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import TypeVar

from domain.device_model import ChannelKind, DeviceModel
from domain.entitlement import Contract, Coverage, DeviceSale, Site, Warranty
from domain.errors import InvalidInputError
from store import audit, devices, entitlement
from store.database import Connection

Paper = TypeVar("Paper", bound=Site | Warranty | Contract)


def keep(connection: Connection, catalog: Mapping[str, DeviceModel], paper: Paper, *, who: str, now: datetime) -> Paper:
    """Store a site, warranty or contract and return it with its new version; tickets that are open keep what was
    decided for them.

    Its own version is the one that the caller saw, None for whichever there is. Raises InvalidInputError,
    NotFoundError for something that it names, or ConflictError when someone else was quicker.
    """
    if isinstance(paper, Warranty):
        _check_warranty(connection, catalog, paper)
    if isinstance(paper, Contract):
        _check_exclusions(catalog.values(), paper, f"contract {paper.contract_no}")
    saved = replace(paper, version=entitlement.save(connection, paper))
    detail = {name: str(value) for name, value in asdict(saved).items() if value not in (None, "", ())}
    audit.record(
        connection, at=now, who=who, action="save", object_kind=kind_of(paper), object_id=name_of(paper), detail=detail
    )
    return saved


def keep_sale(connection: Connection, sale: DeviceSale, *, who: str, now: datetime) -> None:
    """Note when a device was made and sold, and to whom. Raises NotFoundError."""
    entitlement.save_sale(connection, sale)
    detail = {name: str(value) for name, value in asdict(sale).items() if value is not None}
    audit.record(
        connection, at=now, who=who, action="save", object_kind="device_sale", object_id=sale.device, detail=detail
    )


def kind_of(paper: Site | Warranty | Contract) -> str:
    """`site`, `warranty` or `contract`."""
    return type(paper).__name__.lower()


def name_of(paper: Site | Warranty | Contract) -> str:
    """What it is called by."""
    if isinstance(paper, Site):
        return f"{paper.customer} / {paper.site}"
    return paper.warranty_no if isinstance(paper, Warranty) else paper.contract_no


def _check_warranty(connection: Connection, catalog: Mapping[str, DeviceModel], warranty: Warranty) -> None:
    title = f"warranty {warranty.warranty_no}"
    name = warranty.device_model
    if warranty.device:
        entitlement.device_id(connection, warranty.device)
        name = devices.find(connection, [warranty.device])[warranty.device].device_model
    device_model = catalog.get(name)
    if device_model is None:
        raise InvalidInputError(f"{title}: the catalog has no device model {name!r}; it has {', '.join(catalog)}")
    _check_exclusions([device_model], warranty, title)
    counters = [channel.name for channel in device_model.channels if channel.kind is ChannelKind.COUNTER]
    if warranty.usage_channel and warranty.usage_channel not in counters:
        raise InvalidInputError(
            f"{title}: {name} has no counter {warranty.usage_channel!r}; it has {', '.join(counters) or 'none'}"
        )


def _check_exclusions(device_models: Iterable[DeviceModel], coverage: Coverage, title: str) -> None:
    models = list(device_models)
    for what, excluded, known in (
        ("failure mode", coverage.excluded_failure_modes, {m.name for model in models for m in model.failure_modes}),
        ("component", coverage.excluded_components, {c.name for model in models for c in model.components}),
    ):
        for name in excluded:
            if name not in known:
                raise InvalidInputError(f"{title} excludes a {what} {name!r} that the catalog does not have")
