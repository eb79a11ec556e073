"""What must agree within a catalog file, and among several."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from domain.catalog_table import Table
from domain.device_model import Channel, DerivedChannel, DeviceModel, FailureMode, KitLine, Part
from domain.errors import CatalogError
from domain.tree_checks import problem_of_tree


def check_references(model: DeviceModel, document: Table) -> None:
    for key, names in (
        ("channel", [channel.name for channel in model.channels]),
        ("derived", _quantities(model)),
        ("attribute", [*_quantities(model), *(attribute.name for attribute in model.attributes)]),
        ("component", [component.name for component in model.components]),
        ("failure_mode", [mode.name for mode in model.failure_modes]),
        ("family_mode", [mode.family_mode for mode in model.failure_modes]),
        ("part", [part.part_no for part in model.parts]),
    ):
        _check_unique(document, key, names)
    _check_derived(model, document)
    components = {component.name for component in model.components}
    parts = {part.part_no for part in model.parts}
    for mode in model.failure_modes:
        if mode.component not in components:
            raise document.fail(f"failure_mode {mode.name}", f"names component {mode.component!r}, which is not listed")
        for line in mode.kit:
            _check_kit_line(mode, line, parts, document)
        if mode.troubleshooting and (problem := problem_of_tree(mode.troubleshooting, model)):
            raise document.fail(f"failure_mode {mode.name}", f"has a troubleshooting that cannot work: {problem}")
        if mode.lead_time > mode.horizon:
            raise document.fail(
                f"failure_mode {mode.name}",
                f"has a lead_time of {_days(mode.lead_time)}, longer than its horizon of {_days(mode.horizon)}: no "
                "prediction could come in time for the visit; give a longer horizon",
            )
        if mode.rul_cap < mode.horizon:
            raise document.fail(
                f"failure_mode {mode.name}", "has a rul_cap shorter than its horizon: no life within the one is told"
            )
    _check_event_codes(model, document)


def _days(duration: timedelta) -> str:
    return f"{duration / timedelta(days=1):g} d"


def _check_kit_line(mode: FailureMode, line: KitLine, parts: Collection[str], document: Table) -> None:
    place = f"failure_mode {mode.name}"
    for part_no in (line.part_no, *line.substitutes):
        if part_no not in parts:
            raise document.fail(place, f"needs part {part_no!r}, which is not listed")
    alternatives = [line.part_no, *line.substitutes]
    if len(set(alternatives)) < len(alternatives):
        raise document.fail(place, f"lists a part twice among {line.part_no!r} and its substitutes")


def _check_event_codes(model: DeviceModel, document: Table) -> None:
    claimed: dict[str, str] = {}
    for mode in model.failure_modes:
        for code in mode.event_codes:
            other = claimed.setdefault(code, mode.name)
            if other != mode.name:
                raise document.fail(
                    f"failure_mode {mode.name}",
                    f"claims event code {code!r}, as {other} does: a failure is of one mode",
                )


def _quantities(model: DeviceModel) -> list[str]:
    return [*(channel.name for channel in model.channels), *(derived.name for derived in model.derived)]


def _check_derived(model: DeviceModel, document: Table) -> None:
    known = {channel.name for channel in model.channels}
    for derived in model.derived:
        for name in derived.formula.channels:
            if name not in known:
                raise document.fail(
                    f"derived {derived.name}", f"names {name!r}, which is no channel and no derived channel before it"
                )
        known.add(derived.name)


def check_retention(model: DeviceModel, head: Table) -> None:
    look_back = max(model.features.look_back, model.features.baseline)
    if model.retention is not None and model.retention < look_back:
        raise head.fail("retention", "is shorter than the features look back: no model could be trained")
    if model.rollup_retention is not None and model.rollup_retention < (model.retention or timedelta.max):
        raise head.fail("rollup_retention", "needs a retention that is not longer: roll-ups outlive their readings")


def _check_unique(document: Table, key: str, names: Sequence[str]) -> None:
    if key in ("channel", "failure_mode") and not names:
        raise document.fail(key, f"is missing: list at least one [[{key}]]")
    for name in names:
        if names.count(name) > 1:
            raise document.fail(key, f"{name!r} is listed twice")


def check_families(catalog: Iterable[DeviceModel]) -> None:
    """Channels that device models of one family share must be the same quantity. Raises CatalogError."""
    seen: dict[tuple[str, str], tuple[str, Channel | DerivedChannel]] = {}
    for model in catalog:
        quantities: list[Channel | DerivedChannel] = [*model.channels, *model.derived] if model.family else []
        for channel in quantities:
            other, same = seen.setdefault((model.family, channel.name), (model.name, channel))
            if _quantity(channel) != _quantity(same):
                raise CatalogError(
                    f"channel {channel.name} of {model.name} and of {other}, both of family {model.family}, differ in "
                    "unit, kind or formula: models of one family are trained on together, so name one of them otherwise"
                )


def _quantity(channel: Channel | DerivedChannel) -> tuple[object, ...]:
    return channel.unit, channel.kind if isinstance(channel, Channel) else channel.formula


def check_parts(catalog: Iterable[DeviceModel]) -> None:
    """A part is one thing with one price, whichever file lists it. Raises CatalogError."""
    seen: dict[str, tuple[str, Part]] = {}
    for model in catalog:
        for part in model.parts:
            other, same = seen.setdefault(part.part_no, (model.name, part))
            for name in ("description", "unit_cost", "lead_time"):
                if getattr(part, name) != getattr(same, name):
                    raise CatalogError(
                        f"part {part.part_no} has another {name} in {model.name} than in {other}: "
                        "write the same in both, or give one of them a number of its own"
                    )
