"""Money as integers of the minor unit (cents) with an ISO 4217 currency."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import InvalidInputError


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units of one currency; amounts of different currencies never mix."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if len(self.currency) != 3 or not self.currency.isalpha() or not self.currency.isupper():
            raise InvalidInputError(f"currency {self.currency!r} is not an ISO 4217 code such as EUR")

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def times(self, factor: float) -> Money:
        """This amount times a factor, rounded half to even to the minor unit."""
        return Money(round(self.minor * factor), self.currency)

    def __str__(self) -> str:
        return f"{self.currency} {self.minor / 100:,.2f}"

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise InvalidInputError(f"cannot add {other.currency} to {self.currency}: convert one of them first")
        return other
