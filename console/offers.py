"""What a page offers, kept to what its reader may do: forms and links that would be refused are left out. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

FORM = re.compile(r"<form\b([^>]*)>.*?</form>", re.DOTALL)
LINK = re.compile(r"<a\b([^>]*)>(.*?)</a>", re.DOTALL)
ATTRIBUTE = re.compile(r'\b(method|action|href)="([^"]*)"')

May = Callable[[str, str], bool]
"""Whether a method and a path are open to somebody."""


def keep_allowed(page: str, may: May) -> str:
    """The page without forms that its reader may not send, and with the text alone of links that they may not follow.

    In one place after all templates, so that no template can forget to ask. Our templates quote attributes and escape
    their values, so that no `>` stands in a tag.
    """

    def form(found: re.Match[str]) -> str:
        told = dict(ATTRIBUTE.findall(found[1]))
        return found[0] if may(told.get("method", "get").upper(), _path(told["action"])) else ""

    def link(found: re.Match[str]) -> str:
        target = dict(ATTRIBUTE.findall(found[1])).get("href", "")
        if not target.startswith("/") or may("GET", _path(target)):
            return found[0]
        return found[2]

    return LINK.sub(link, FORM.sub(form, page))


def _path(address: str) -> str:
    return html.unescape(address).partition("?")[0].partition("#")[0]
