"""The files of manuals, looked for when the catalog is read."""

import pytest

from aftercare.manuals import LARGEST, catalog_root
from aftercare.wiring import load_catalog
from domain.errors import CatalogError
from domain.manual import ManualKind

MANUAL = """
[[manual]]
name = "use"
title = "Use"
file = "manuals/use.FORM"
"""


@pytest.fixture
def folder(tmp_path):
    """A catalog of one device model."""
    text = catalog_root(None).joinpath("turbofan_fd001.toml").read_text()
    (tmp_path / "engine.toml").write_text(text.partition("[[manual]]")[0])
    (tmp_path / "manuals").mkdir()
    return tmp_path


def with_manual(folder, form, content):
    engine = folder / "engine.toml"
    engine.write_text(engine.read_text() + MANUAL.replace("FORM", form))
    if content is not None:
        (folder / "manuals" / f"use.{form}").write_bytes(content)
    return load_catalog(folder)


@pytest.mark.parametrize(("form", "content"), [("md", b"# A"), ("txt", b""), ("pdf", b"%PDF-1.7")])
def test_a_manual_that_is_there_is_listed(folder, form, content):
    [manual] = with_manual(folder, form, content)["turbofan_fd001"].manuals
    assert manual.kind is ManualKind(form)


@pytest.mark.parametrize(
    ("form", "content", "complaint"),
    [
        ("md", None, "cannot be read beside the catalog file .No such file"),
        ("md", b"\xff", "is not UTF-8 at byte 0"),
        ("pdf", b"<html>", "is no PDF"),
        ("txt", b" " * (LARGEST[ManualKind.TEXT] + 1), "has 262145 bytes, and 262144 are the most"),
    ],
)
def test_a_manual_that_cannot_be_shown_is_refused_by_its_name(folder, form, content, complaint):
    with pytest.raises(CatalogError, match=rf"engine.toml: \[\[manual\]\] use: manuals/use.{form} {complaint}"):
        with_manual(folder, form, content)
