"""Identifiers and texts of a page's address, kept to what the database can hold."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import BeforeValidator, StringConstraints

LARGEST_ID = 2**63 - 1

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
After = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]
Blank = BeforeValidator(lambda text: text or None)
"""Forms send what nobody chose as an empty text: it stands for nothing chosen."""
Text = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
