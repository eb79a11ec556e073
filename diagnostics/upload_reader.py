"""Reads parts of large results, and what a result says of its files. Pure: `MessageError` says what is wrong."""

from __future__ import annotations

import re
from typing import Any

from diagnostics.messages import Arrived, FileClaim, MessageError, UploadPart

LARGEST_PART, MOST_PARTS = 256 << 10, 64
"""A file has 16 MiB at most."""
MOST_FILES = 16
CONTENT_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}(; ?charset=[a-z0-9-]{1,20})?", re.IGNORECASE)
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
HEX_SHA256 = re.compile(r"[0-9a-f]{64}")
PART_NUMBER = re.compile(r"[1-9][0-9]{0,3}")


def read_files(rows: Any) -> tuple[FileClaim, ...]:
    """The files that a result names."""
    if not isinstance(rows, list) or len(rows) > MOST_FILES:
        raise MessageError("upload", f"result.files is not a list of at most {MOST_FILES} files")
    return tuple(_file(row) for row in rows)


def _file(row: Any) -> FileClaim:
    if not isinstance(row, dict):
        raise MessageError("upload", "result.files has something that is not an object")
    name, size, sha256, parts = (row.get(key) for key in ("name", "size", "sha256", "parts"))
    if (
        not isinstance(name, str)
        or not FILE_NAME.fullmatch(name)
        or not isinstance(sha256, str)
        or not HEX_SHA256.fullmatch(sha256)
    ):
        raise MessageError("upload", "a file of result.files needs a plain name and its SHA-256 in hexadecimal")
    if type(size) is not int or type(parts) is not int or size < 0 or not 1 <= parts <= MOST_PARTS:
        raise MessageError("upload", f"a file of result.files needs its size and 1 to {MOST_PARTS} parts")
    return FileClaim(name, size, bytes.fromhex(sha256), parts)


def read_part(device: str, command_id: int, correlation: bytes, arrived: Arrived) -> UploadPart:
    """A part, by its user properties."""
    told = arrived.properties
    part, parts, sha256 = told.get("part", ""), told.get("parts", ""), told.get("sha256", "")
    if not PART_NUMBER.fullmatch(part) or not PART_NUMBER.fullmatch(parts) or not int(part) <= int(parts) <= MOST_PARTS:
        raise MessageError("upload", f"part {part[:20]!r} of {parts[:20]!r} is not one of at most {MOST_PARTS}")
    if not HEX_SHA256.fullmatch(sha256):
        raise MessageError("upload", "sha256 is not that of the whole file in hexadecimal")
    if len(arrived.payload) > LARGEST_PART:
        raise MessageError("size", f"a part of {len(arrived.payload)} bytes is larger than {LARGEST_PART}")
    name, content_type = told.get("name", ""), told.get("content-type", "application/octet-stream")
    if not FILE_NAME.fullmatch(name) or not CONTENT_TYPE.fullmatch(content_type):
        raise MessageError("upload", f"name {name[:50]!r} or content-type {content_type[:50]!r} is not a plain one")
    return UploadPart(
        device=device,
        command_id=command_id,
        correlation=correlation,
        sha256=bytes.fromhex(sha256),
        part=int(part),
        parts=int(parts),
        name=name,
        content_type=content_type,
        content=arrived.payload,
    )
