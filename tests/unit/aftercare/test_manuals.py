"""The files of manuals, looked for when the catalog is read."""

import os
from pathlib import Path

import pytest

from aftercare.manuals import LARGEST, catalog_root, manual_passages
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


def test_of_a_large_pdf_only_the_beginning_is_read(folder, monkeypatch):
    def read(_):
        raise AssertionError("read whole")

    monkeypatch.setattr(Path, "read_bytes", read)
    assert with_manual(folder, "pdf", b"%PDF-1.7" + bytes(2**20))
    os.truncate(folder / "manuals" / "use.pdf", 2**25 + 1)
    with pytest.raises(CatalogError, match=f"has {2**25 + 1} bytes"):
        load_catalog(folder)


def test_a_text_is_read_for_the_search_when_it_has_changed(folder, monkeypatch):
    model = with_manual(folder, "md", b"Oil it.")["turbofan_fd001"]
    read, whole = [], Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path.name) or whole(path))
    use = folder / "manuals" / "use.md"
    for told in (None, None, b"Oil it well.", None):
        if told:
            use.write_bytes(told)
        found = [passage.told for passage in manual_passages(folder, [model])]
    assert found == ["Use", "Oil it well."]
    assert read == ["use.md"] * 2
    use.unlink()
    assert [passage.told for passage in manual_passages(folder, [model])] == ["Use"]
