"""Which files may be manuals, and what a search finds of them."""

import pytest

from domain.language import Language
from domain.manual import Manual, ManualKind, check_file, passages

TEXT = """# Each month
| look at | it should be |
|---|---|
| drain | *free* |

Water runs
off.
## Noise
- It **rattles**: report it
- It hums
"""


def test_a_search_finds_paragraphs_items_and_rows_after_their_heading():
    assert list(passages(TEXT)) == [
        "Each month: look at · it should be",
        "Each month: drain · free",
        "Each month: Water runs off.",
        "Noise: It rattles: report it",
        "Noise: It hums",
    ]
    assert list(passages("")) == []
    assert max(map(len, passages("word " * 1000))) <= 600


@pytest.mark.parametrize("file", ["a.md", "manuals/pump-1.v2.pdf", "a/b/c.txt"])
def test_a_file_lies_beside_or_below(file):
    assert check_file(file) == file


@pytest.mark.parametrize(
    "file", ["../a.md", "/etc/a.txt", "a/../b.md", "a.html", "a", ".a.md", 'a".md', "a\n.md", "a//b.md", "C:\\a.md", ""]
)
def test_no_file_lies_elsewhere_or_is_of_another_kind(file):
    with pytest.raises(ValueError, match="is not a file beside the catalog file"):
        check_file(file)


def test_kind_and_language_have_the_names_that_browsers_know():
    assert Manual("m", "M", "a.pdf", Language.GERMAN).kind is ManualKind.PDF
    tags = [language.tag for language in Language]
    assert len(set(tags)) == len(tags)
    assert (Language.GERMAN.tag, Language.ENGLISH.tag, Language.SIMPLE.tag) == ("de", "en", "und")
