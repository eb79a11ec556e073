"""What a device is entitled to: its site, its warranties and the service contracts that cover it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.business_hours import BusinessHours
from domain.errors import InvalidInputError

LONGEST_TEXT = 200
LONGEST_WINDOW_HOURS = 10_000.0
LARGEST_AMOUNT = 10**12


class LineKind(StrEnum):
    """What a line of a visit's bill is for."""

    PARTS = "parts"
    LABOUR = "labour"
    TRAVEL = "travel"


class Payer(StrEnum):
    """Who pays; the order of the members is the order in which they are asked."""

    MANUFACTURER = "manufacturer"
    CONTRACT = "contract"
    CUSTOMER = "customer"


class StartBasis(StrEnum):
    """From when on a warranty's term runs."""

    INSTALLATION = "installation"
    MANUFACTURE = "manufacture"
    PURCHASE = "purchase"


class PauseReason(StrEnum):
    """Why nobody can go on with a ticket."""

    CUSTOMER = "waiting_for_customer"
    PART = "waiting_for_part"


class ClockHours(StrEnum):
    """Whose time a contract's windows count."""

    BUSINESS = "business"
    ALWAYS = "always"


class ClockKind(StrEnum):
    """What is promised: that somebody takes it up, or that it works again."""

    RESPONSE = "response"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place of a customer. `hours` as domain.opening_hours, `holidays` as domain.holiday_calendar read them.

    `service_centre` serves it (empty: each device's own stands); `travel_cost` is what of a visit's cost the journey
    there is, in minor units of the device model's currency. Raises InvalidInputError when a field cannot be read.
    """

    customer: str
    site: str
    time_zone: str = "UTC"
    hours: str = "Mo-Fr 08:00-17:00"
    holidays: str = ""
    closed_days: tuple[date, ...] = ()
    service_centre: str = ""
    travel_cost: int = 0
    version: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.travel_cost <= LARGEST_AMOUNT:
            raise InvalidInputError(f"site {self.site}: travel_cost {self.travel_cost} is below 0 or out of range")
        check_texts(self, customer=True, site=True, service_centre=False)
        _ = self.business_hours

    @property
    def business_hours(self) -> BusinessHours:
        return BusinessHours(self.time_zone, self.hours, self.holidays, self.closed_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Shares in percent of each kind of line, and what is excluded by name."""

    parts_percent: int = 0
    labour_percent: int = 0
    travel_percent: int = 0
    excluded_failure_modes: tuple[str, ...] = ()
    excluded_components: tuple[str, ...] = ()
    excluded_causes: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises InvalidInputError."""
        for kind in LineKind:
            if not 0 <= self.percent(kind) <= 100:
                raise InvalidInputError(f"{kind}_percent {self.percent(kind)} is not between 0 and 100")
        for names in (self.excluded_failure_modes, self.excluded_components, self.excluded_causes):
            for name in names:
                check_text("an exclusion", name, needed=True)

    def percent(self, kind: LineKind) -> int:
        """The share that it pays of lines of this kind."""
        return {
            LineKind.PARTS: self.parts_percent,
            LineKind.LABOUR: self.labour_percent,
            LineKind.TRAVEL: self.travel_percent,
        }[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warranty(Coverage):
    """The maker's promise for one device, or for every device of a model: exactly one of the two is named.

    It ends after `term_months` or when the counter `usage_channel` reaches `usage_limit`, whichever comes first. One
    that is not transferable ends when the device has another owner than the one it was sold to.
    """

    warranty_no: str
    device: str = ""
    device_model: str = ""
    starts_from: StartBasis = StartBasis.INSTALLATION
    term_months: int | None = None
    usage_channel: str = ""
    usage_limit: float | None = None
    transferable: bool = True
    version: int | None = None

    def __post_init__(self) -> None:
        check_texts(self, warranty_no=True, device=False, device_model=False, usage_channel=False)
        self.check()
        if bool(self.device) == bool(self.device_model):
            raise InvalidInputError(f"warranty {self.warranty_no}: name either a device or a device_model")
        if bool(self.usage_channel) != (self.usage_limit is not None):
            raise InvalidInputError(f"warranty {self.warranty_no}: usage_channel and usage_limit belong together")
        if self.term_months is None and self.usage_limit is None:
            raise InvalidInputError(f"warranty {self.warranty_no} has no term: give term_months or a usage_limit")
        if self.term_months is not None and not 1 <= self.term_months <= 1200:
            raise InvalidInputError(f"warranty {self.warranty_no}: term_months is not between 1 and 1200")
        if self.usage_limit is not None and not 0 < self.usage_limit < float("inf"):
            raise InvalidInputError(f"warranty {self.warranty_no}: usage_limit is not above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract(Coverage):
    """A service contract for one device, else for one site, else for all that the customer has.

    Valid on each day from `valid_from` to `valid_to`, both included, by the site's calendar. Windows are hours of the
    time that `hours` says; its clocks stop for `pause_reasons`. `priority`: 1 is served first. `breach_penalty` is paid
    for each missed window, in minor units of the device model's currency.
    """

    contract_no: str
    customer: str
    site: str = ""
    device: str = ""
    valid_from: date
    valid_to: date | None = None
    response_hours: float | None = None
    repair_hours: float | None = None
    hours: ClockHours = ClockHours.BUSINESS
    pause_reasons: tuple[PauseReason, ...] = tuple(PauseReason)
    priority: int = 3
    breach_penalty: int = 0
    version: int | None = None

    def __post_init__(self) -> None:
        check_texts(self, contract_no=True, customer=True, site=False, device=False)
        self.check()
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise InvalidInputError(f"contract {self.contract_no} ends on {self.valid_to}, before {self.valid_from}")
        for kind in ClockKind:
            window = self.window_hours(kind)
            if window is not None and not 0 < window <= LONGEST_WINDOW_HOURS:
                raise InvalidInputError(
                    f"contract {self.contract_no}: {kind}_hours is not above 0 and at most {LONGEST_WINDOW_HOURS:,.0f}"
                )
        if not 1 <= self.priority <= 5:
            raise InvalidInputError(f"contract {self.contract_no}: priority {self.priority} is not between 1 and 5")
        if not 0 <= self.breach_penalty <= LARGEST_AMOUNT:
            raise InvalidInputError(f"contract {self.contract_no}: breach_penalty is below 0 or out of range")

    def window_hours(self, kind: ClockKind) -> float | None:
        """Hours until the response or the repair is due; None when none is promised."""
        return self.response_hours if kind is ClockKind.RESPONSE else self.repair_hours

    @property
    def scope(self) -> str:
        """What it covers, in words."""
        return f"device {self.device}" if self.device else f"site {self.site}" if self.site else "all of the customer's"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSale:
    """When a device was made and sold, and to whom; what is not known is None."""

    device: str
    manufactured_on: date | None = None
    purchased_on: date | None = None
    sold_to: str | None = None

    def __post_init__(self) -> None:
        check_texts(self, device=True)
        check_text("sold_to", self.sold_to or "", needed=False)


def check_texts(paper: object, **needed: bool) -> None:
    """Raises InvalidInputError naming the first of these fields that is empty though needed, or cannot be stored."""
    for name, must in needed.items():
        check_text(name, getattr(paper, name), needed=must)


def check_text(name: str, text: str, *, needed: bool) -> None:
    """Raises InvalidInputError when the text is empty though needed, too long or has control characters."""
    if needed and not text.strip():
        raise InvalidInputError(f"{name} is empty: give one")
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise InvalidInputError(f"{name} has control characters or more than {LONGEST_TEXT} characters")
