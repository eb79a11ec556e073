"""Public holidays by country and region, as the `holidays` library knows them."""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import date
from functools import lru_cache

from domain.errors import InvalidInputError

_CODE = re.compile(r"([A-Z]{2})(?:-([A-Za-z0-9]{1,10}))?")


@lru_cache(maxsize=256)
def holiday_calendar(code: str) -> Container[date]:
    """The holidays of a country (`DE`) or one of its regions (`DE-HH`, ISO 3166-2); none of the empty code.

    Raises InvalidInputError when there is no such calendar.
    """
    if not code:
        return frozenset()
    found = _CODE.fullmatch(code)
    if found is None:
        raise InvalidInputError(f"holidays {code!r} is not a country or region like DE or DE-HH")
    import holidays

    country, region = found.groups()
    try:
        return holidays.country_holidays(country, subdiv=region)
    except NotImplementedError as error:
        raise InvalidInputError(f"holidays {code!r}: {error}; give a code of ISO 3166 such as DE or DE-HH") from error
