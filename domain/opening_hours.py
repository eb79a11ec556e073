"""A week's business hours as people write them: `Mo-Fr 08:00-17:00, Sa 09:00-12:00`, or `24/7`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from domain.errors import InvalidInputError

ALWAYS = "24/7"
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
DAY_MINUTES = 24 * 60
LONGEST_TEXT = 500
_RULE = re.compile(
    r"(?P<first>Mo|Tu|We|Th|Fr|Sa|Su)(?:-(?P<last>Mo|Tu|We|Th|Fr|Sa|Su))? "
    r"(?P<opens>\d\d):(?P<opens_minute>\d\d)-(?P<closes>\d\d):(?P<closes_minute>\d\d)"
)

Week = Mapping[int, Sequence[tuple[int, int]]]
"""By weekday (Monday is 0) its windows as minutes after midnight, in order; one over midnight ends beyond 24 hours."""


def parse_opening_hours(text: str) -> Week:
    """Read a subset of OpenStreetMap's `opening_hours`: rules with commas or semicolons between, each with a day or a
    span of days and one window. `22:00-06:00` ends on the next day. Raises InvalidInputError."""
    if len(text) > LONGEST_TEXT:
        raise InvalidInputError(f"business hours of {len(text)} characters: at most {LONGEST_TEXT}")
    if text.strip() == ALWAYS:
        return dict.fromkeys(range(7), ((0, DAY_MINUTES),))
    week: dict[int, list[tuple[int, int]]] = {}
    for rule in re.split(r"\s*[,;]\s*", text.strip()):
        days, window = _read_rule(rule, text)
        for day in days:
            week.setdefault(day, []).append(window)
    for day, windows in week.items():
        windows.sort()
        for (_, closes), (opens, _) in pairwise(windows):
            if opens < closes:
                raise InvalidInputError(f"business hours {text!r}: two windows overlap on {DAYS[day]}")
    return {day: tuple(windows) for day, windows in sorted(week.items())}


def _read_rule(rule: str, text: str) -> tuple[list[int], tuple[int, int]]:
    found = _RULE.fullmatch(rule)
    if found is None:
        raise InvalidInputError(
            f"business hours {text!r}: {rule!r} is not like 'Mo-Fr 08:00-17:00'; 24/7 says that it never closes"
        )
    opens, closes = _minutes(found, "opens", text), _minutes(found, "closes", text)
    if closes <= opens:
        closes += DAY_MINUTES
    if opens >= DAY_MINUTES or closes - opens > DAY_MINUTES:
        raise InvalidInputError(f"business hours {text!r}: {rule!r} opens after midnight of its day")
    first = DAYS.index(found["first"])
    last = DAYS.index(found["last"] or found["first"])
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)], (opens, closes)


def _minutes(found: re.Match[str], name: str, text: str) -> int:
    hours, minutes = int(found[name]), int(found[f"{name}_minute"])
    if minutes > 59 or hours * 60 + minutes > DAY_MINUTES:
        raise InvalidInputError(f"business hours {text!r}: {hours:02}:{minutes:02} is no time of day")
    return hours * 60 + minutes
