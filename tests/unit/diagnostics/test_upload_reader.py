"""Parts of large results, and what a result says of its files."""

import hashlib

import pytest

from diagnostics.messages import Arrived, FileClaim, MessageError
from diagnostics.upload_reader import LARGEST_PART, MOST_FILES, MOST_PARTS, read_files, read_part

SHA = hashlib.sha256(b"content").hexdigest()
CLAIM = {"name": "device.log", "size": 7, "sha256": SHA, "parts": 1}
TOLD = {"part": "1", "parts": "2", "sha256": SHA, "name": "device.log", "content-type": "text/plain; charset=utf-8"}


def part(content=b"con", **told):
    properties = {name: value for name, value in {**TOLD, **told}.items() if value is not None}
    return read_part("hp", 7, b"", Arrived("t", content, properties=properties))


def test_a_part_is_read():
    read = part()
    assert (read.part, read.parts, read.name, read.content) == (1, 2, "device.log", b"con")
    assert part(**{"content-type": None}).content_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("told", "label"),
    [
        ({"part": "0"}, "upload"),
        ({"part": "3"}, "upload"),
        ({"part": "-1"}, "upload"),
        ({"part": "1 "}, "upload"),
        ({"part": "\u0661"}, "upload"),
        ({"parts": None}, "upload"),
        ({"parts": str(MOST_PARTS + 1)}, "upload"),
        ({"sha256": SHA.upper()}, "upload"),
        ({"sha256": None}, "upload"),
        ({"name": "../etc/passwd"}, "upload"),
        ({"name": ".profile"}, "upload"),
        ({"name": "a\nb"}, "upload"),
        ({"name": 'a"; x="'}, "upload"),
        ({"name": None}, "upload"),
        ({"content-type": "text/html\r\nX: y"}, "upload"),
        ({"content": b"x" * (LARGEST_PART + 1)}, "size"),
    ],
)
def test_a_part_that_does_not_fit_is_refused(told, label):
    with pytest.raises(MessageError) as refused:
        part(**told)
    assert refused.value.label == label


def test_files_of_a_result_are_read():
    assert read_files([CLAIM]) == (FileClaim("device.log", 7, bytes.fromhex(SHA), 1),)
    assert read_files([]) == ()


@pytest.mark.parametrize(
    "rows",
    [
        None,
        {},
        [None],
        [CLAIM] * (MOST_FILES + 1),
        [{**CLAIM, "name": "/etc/passwd"}],
        [{**CLAIM, "name": 1}],
        [{**CLAIM, "size": -1}],
        [{**CLAIM, "size": True}],
        [{**CLAIM, "size": 7.0}],
        [{**CLAIM, "parts": 0}],
        [{**CLAIM, "parts": MOST_PARTS + 1}],
        [{**CLAIM, "sha256": SHA[:-1]}],
        [{**CLAIM, "sha256": None}],
    ],
)
def test_files_that_do_not_fit_are_refused(rows):
    with pytest.raises(MessageError) as refused:
        read_files(rows)
    assert refused.value.label == "upload"
