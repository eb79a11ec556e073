"""Units of the catalog, in UCUM, as people write them."""

from __future__ import annotations

SIGNS = {"Cel": "°C", "degC": "°C", "degR": "°R", "m3/h": "m³/h", "m3/min": "m³/min", "1": "ratio"}


def unit_sign(code: str) -> str:
    """`°C` for `Cel`; a code that people write as it is stays."""
    return SIGNS.get(code, code)
