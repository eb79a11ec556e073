"""Markdown of manuals as HTML."""

import pytest

from console.manual_text import as_html


def test_headings_lists_and_tables_are_shown_below_the_pages_own_heading():
    shown = as_html("# One\n## Two\n\n- a\n\n| b |\n|---|\n| **c** |\n\n[web](https://example.org/)")
    for piece in (
        "<h2>One</h2>",
        "<h3>Two</h3>",
        "<li>a</li>",
        "<strong>c</strong>",
        '<a href="https://example.org/">',
    ):
        assert piece in shown, piece


@pytest.mark.parametrize(
    "odd",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "![seen](https://example.org/pixel.png)",
        "[x](javascript:alert(1))",
        "[x](JaVaScript&colon;alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:a)",
        '<a href="javascript:alert(1)">x</a>',
        "<style>*{display:none}</style>",
        '<form action="/tickets/1/cancel" method="post"><button>x</button></form>',
        '[a](https://x "\\" onmouseover=alert(1) ")',
    ],
)
def test_nothing_in_it_acts(odd):
    shown = as_html(odd).lower()
    for tag in ("<script", "<img", "<style", "<form", 'href="javascript', 'href="data', 'href="vbscript', '" onmouse'):
        assert tag not in shown, shown
