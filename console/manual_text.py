"""Markdown of manuals as HTML: without HTML of its own, pictures, or addresses but of the web. Pure."""

from __future__ import annotations

from markdown_it import MarkdownIt

TOP = 2
"""The page has the first heading."""


def as_html(text: str) -> str:
    """CommonMark with tables; what is HTML in it stands there as it was written."""
    markdown = MarkdownIt("js-default", {"html": False, "linkify": False}).disable("image")
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + TOP - 1, 6)}"
    return str(markdown.renderer.render(tokens, markdown.options, {}))
