"""Manuals of a device model: files that lie beside its catalog file."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from domain.language import Language

FILE = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*\.(?:md|txt|pdf)")
HEADING = re.compile(r"#{1,6} +(.*)")
BEGINS = re.compile(r"\s*(?:[-*+] |\d+\. |(?=\|))")
"""An item of a list, or a row of a table."""
RULE = re.compile(r"\s*\|?[-:| ]+\|?\s*")
LONGEST_PASSAGE = 600


class ManualKind(StrEnum):
    """By the ending of its file."""

    MARKDOWN = "md"
    TEXT = "txt"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class Manual:
    """A document for whoever has such a device; `file` is its path from the catalog file's folder."""

    name: str
    title: str
    file: str
    language: Language

    @property
    def kind(self) -> ManualKind:
        return ManualKind(self.file.rpartition(".")[2])


def check_file(file: str) -> str:
    """The path. Raises ValueError for one that leads elsewhere or is of no kind that is shown."""
    if not FILE.fullmatch(file):
        raise ValueError(
            f"{file!r} is not a file beside the catalog file that ends in {', '.join(f'.{one}' for one in ManualKind)}"
        )
    return file


def passages(text: str) -> Iterator[str]:
    """What a search finds of a text: its paragraphs, items and rows, each after its heading and without marks."""
    heading, told = "", list[str]()
    for line in (*text.splitlines(), ""):
        titled = HEADING.fullmatch(line)
        if told and (titled or not line.strip() or BEGINS.match(line)):
            yield from textwrap.wrap(heading + " ".join(told), LONGEST_PASSAGE)
            told = []
        if titled:
            heading = f"{titled[1]}: "
        elif line.strip() and not RULE.fullmatch(line):
            cells = re.sub(r"[*`]", "", BEGINS.sub("", line, count=1)).split("|")
            told.append(" · ".join(filter(None, (cell.strip() for cell in cells))))
