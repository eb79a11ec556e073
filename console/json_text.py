"""JSON as people read it. Pure."""

from __future__ import annotations

import json
from typing import Any

LONGEST = 200


def as_text(value: Any) -> str:
    """On one line, cut when it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def pretty(value: Any) -> str:
    """Whole, one field on each line."""
    return json.dumps(value, ensure_ascii=False, indent=2)
