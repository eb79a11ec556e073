"""A device model: what is measured, what can fail, what that costs and which parts put it right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from domain.alarm_rule import AlarmRule
from domain.command import USUAL_LIMIT, CommandType, RateLimit
from domain.device import EventKind
from domain.errors import NotFoundError
from domain.formula import Formula
from domain.language import Language
from domain.manual import Manual
from domain.money import Money
from domain.troubleshooting import Tree


class ChannelKind(StrEnum):
    """How a channel's numbers are to be read."""

    GAUGE = "gauge"
    COUNTER = "counter"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Channel:
    """One measured quantity; `low` and `high` bound what is physically plausible, in `unit`."""

    name: str
    title: str
    unit: str
    kind: ChannelKind = ChannelKind.GAUGE
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class DerivedChannel:
    """A quantity computed from channels, and from derived channels listed before it; it is stored nowhere."""

    name: str
    title: str
    unit: str
    formula: Formula


class AttributeKind(StrEnum):
    """How an attribute's values are to be read."""

    NUMBER = "number"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that is known of each device and does not change, such as its size or its maker."""

    name: str
    title: str
    unit: str
    kind: AttributeKind


@dataclass(frozen=True, slots=True)
class Component:
    """A replaceable assembly of the device."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Part:
    """A spare part; `lead_time` is how long a purchase takes to arrive."""

    part_no: str
    description: str
    unit_cost: Money
    lead_time: timedelta


@dataclass(frozen=True, slots=True)
class KitLine:
    """So many of one part for one repair; a substitute does as well, and is taken when the part is not free in time."""

    part_no: str
    quantity: int
    substitutes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Costs:
    """What a visit costs in each situation, without parts.

    planned_visit: prevents the failure. emergency_visit: repairs after it, downtime and damage included.
    needless_visit: finds nothing wrong.
    """

    planned_visit: Money
    emergency_visit: Money
    needless_visit: Money


@dataclass(frozen=True, slots=True)
class Guidance:
    """What the planner and the technician are told."""

    symptoms: Sequence[str] = ()
    checks: Sequence[str] = ()
    tools: Sequence[str] = ()
    steps: Sequence[str] = ()
    safety: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FailureMode:
    """One way to fail.

    horizon: the risk is that of failing within it. lead_time: notice that a visit with its part needs.
    rul_cap: remaining useful life is not told beyond it. gate_precision: tickets open by themselves only when
    the measured precision reaches it. event_codes: failure events with these codes are this mode. family_mode: modes
    of the family's other device models with the same one are trained on together. skills: what a technician must be
    able to do for the repair. visit_length: how long it takes at the device. troubleshooting:
    the checks that may settle it from afar.
    """

    name: str
    title: str
    component: str
    horizon: timedelta
    lead_time: timedelta
    rul_cap: timedelta
    gate_precision: float
    costs: Costs
    kit: Sequence[KitLine] = ()
    guidance: Guidance = field(default_factory=Guidance)
    event_codes: Sequence[str] = ()
    family_mode: str = ""
    skills: Sequence[str] = ()
    visit_length: timedelta = timedelta(hours=2)
    troubleshooting: Tree | None = None


REPORTED_PROBLEM = "reported_problem"
"""The kind of tickets for what people report: no failure mode of a catalog, never predicted and never learnt."""


class Statistic(StrEnum):
    """What is computed of a gauge over each window; `CHANGE` once, against the start of the life."""

    MEAN = "mean"
    SLOPE = "slope"
    SPREAD = "spread"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    CHANGE = "change"


DEFAULT_STATISTICS = (Statistic.MEAN, Statistic.SLOPE, Statistic.SPREAD, Statistic.CHANGE)


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    """What the features are made of; `docs/catalog.md` tells what each setting means.

    windows: how far back they look. baseline: how much of a life counts as its own healthy start. statistics: of
    gauges. regimes: into how many operating regimes the settings are split; None: as many as are clearly apart.
    event_kinds: which events are counted. trends: longer windows, whose noise is too much for single channels: only
    the remaining useful life is told by them, through what the channels have in common.
    """

    windows: Sequence[timedelta]
    baseline: timedelta
    statistics: Sequence[Statistic] = DEFAULT_STATISTICS
    regimes: int | None = None
    event_kinds: Sequence[EventKind] = (EventKind.ERROR, EventKind.MAINTENANCE)
    trends: Sequence[timedelta] = ()

    @property
    def look_back(self) -> timedelta:
        """The longest window or trend."""
        return max([*self.windows, *self.trends])


@dataclass(frozen=True, slots=True)
class DeviceModel:
    """Everything that the catalog says about one device model.

    retention: readings older than this are dropped; rollup_retention: their roll-ups too. None: kept for ever.
    family: device models of one family may be trained on together; empty: of none. offline_tolerance: how long a device
    may be offline before that is an alarm. maintenance_interval: from one planned maintenance to the next; None: none.
    language: what its guidance is written in.
    """

    name: str
    title: str
    reading_interval: timedelta
    currency: str
    channels: Sequence[Channel]
    components: Sequence[Component]
    failure_modes: Sequence[FailureMode]
    parts: Sequence[Part]
    features: FeatureSettings
    retention: timedelta | None = None
    rollup_retention: timedelta | None = None
    derived: Sequence[DerivedChannel] = ()
    attributes: Sequence[Attribute] = ()
    family: str = ""
    alarm_rules: Sequence[AlarmRule] = ()
    offline_tolerance: timedelta = timedelta(hours=1)
    maintenance_interval: timedelta | None = None
    maintenance_length: timedelta = timedelta(hours=2)
    commands: Sequence[CommandType] = ()
    command_limit: RateLimit = USUAL_LIMIT
    language: Language = Language.ENGLISH
    manuals: Sequence[Manual] = ()

    @property
    def readings_table(self) -> str:
        """Name of the wide table that holds this model's readings."""
        return f"readings_{self.name}"

    def failure_mode(self, name: str) -> FailureMode:
        """The failure mode of that name, or what a reported problem is taken for. Raises NotFoundError."""
        for mode in self.failure_modes:
            if mode.name == name:
                return mode
        if name == REPORTED_PROBLEM:
            return self._reported_problem()
        known = ", ".join(mode.name for mode in self.failure_modes)
        raise NotFoundError(f"device model {self.name} has no failure mode {name!r}; it has {known}")

    def _reported_problem(self) -> FailureMode:
        """No component and no parts until somebody has looked; a visit costs what the cheapest planned one does."""
        return FailureMode(
            name=REPORTED_PROBLEM,
            title="Reported problem",
            component="",
            horizon=timedelta(days=2),
            lead_time=timedelta(days=2),
            rul_cap=timedelta(days=2),
            gate_precision=1.0,
            costs=min((mode.costs for mode in self.failure_modes), key=lambda costs: costs.planned_visit.minor),
        )

    def kindred_mode(self, mode: FailureMode) -> FailureMode | None:
        """The failure mode here that is trained on together with `mode` of another device model; None without one."""
        return next((own for own in self.failure_modes if own.family_mode == mode.family_mode), None)

    def command(self, name: str) -> CommandType:
        """The remote command of that name. Raises NotFoundError."""
        for command in self.commands:
            if command.name == name:
                return command
        known = ", ".join(command.name for command in self.commands) or "none"
        raise NotFoundError(f"device model {self.name} lists no command {name!r} in the catalog; it lists {known}")

    def manual(self, name: str) -> Manual:
        """The manual of that name. Raises NotFoundError."""
        for manual in self.manuals:
            if manual.name == name:
                return manual
        raise NotFoundError(f"device model {self.name} has no manual {name!r}: look it up on a device's page")

    def channel(self, name: str) -> Channel:
        """The channel of that name. Raises NotFoundError."""
        for channel in self.channels:
            if channel.name == name:
                return channel
        raise NotFoundError(f"device model {self.name} has no channel {name!r}: see its catalog file")
