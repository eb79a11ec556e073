"""Screenshots as small PNG files: text and flat areas need few colours, so a palette makes them a third as large."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS, EXACT = 256, 64
ALIKE = 12**2
"""Squared distance in RGB below which a rare colour can stand in for another."""


def with_palette(png: bytes) -> bytes:
    """The picture with at most 256 of its colours; each other becomes the nearest of them.

    Takes what Chromium writes: 8 bits a channel, RGB, not interlaced. Raises ValueError for any other.
    """
    pixels = _pixels(png)
    height, width, _ = pixels.shape
    packed = pixels.astype(np.int64) @ np.array([65536, 256, 1])
    found, place, count = np.unique(packed, return_inverse=True, return_counts=True)
    palette = _palette(_rgb(found[np.argsort(-count, kind="stable")]))
    nearest = np.argmin(((_rgb(found)[:, None] - palette[None]) ** 2).sum(axis=2), axis=1)
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = nearest[place].reshape(height, width)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def _palette(by_frequency: NDArray[np.int64]) -> NDArray[np.int64]:
    """The most frequent colours as they are, then such as differ from all before: the rare ones that carry meaning."""
    kept = list(by_frequency[:EXACT])
    for colour in by_frequency[EXACT:]:
        if len(kept) < COLOURS and (((np.array(kept) - colour) ** 2).sum(axis=1) >= ALIKE).all():
            kept.append(colour)
    return np.array(kept)


def _rgb(packed: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _pixels(png: bytes) -> Bytes:
    chunks = list(_chunks(png))
    width, height, *form = struct.unpack(">IIBBBBB", chunks[0][1])
    if form != [8, 2, 0, 0, 0]:
        raise ValueError("the picture is not an 8-bit RGB PNG file without interlacing")
    data = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    rows = np.frombuffer(data, np.uint8).reshape(height, 1 + 3 * width)
    pixels = np.zeros((height + 1, width, 3), np.uint8)
    for number, row in enumerate(rows):
        pixels[number + 1] = _unfiltered(int(row[0]), row[1:].reshape(width, 3), pixels[number])
    return pixels[1:]


def _unfiltered(kind: int, row: Bytes, above: Bytes) -> Bytes:
    """Undo a row's filter (PNG specification, third edition, section 9)."""
    if kind == 0:
        return row
    if kind == 1:
        return np.cumsum(row, axis=0, dtype=np.uint8)
    if kind == 2:
        return row + above
    predict = _average if kind == 3 else _paeth
    return np.array([_predicted(predict, row[:, side], above[:, side]) for side in range(3)], np.uint8).T


def _predicted(predict: Callable[[int, int, int], int], row: Bytes, above: Bytes) -> list[int]:
    values, left, corner = [], 0, 0
    for change, over in zip(row.tolist(), above.tolist(), strict=True):
        left = (change + predict(left, over, corner)) & 255
        corner = over
        values.append(left)
    return values


def _average(left: int, over: int, _: int) -> int:
    return (left + over) // 2


def _paeth(left: int, over: int, corner: int) -> int:
    from_left, from_over, from_corner = abs(over - corner), abs(left - corner), abs(left + over - 2 * corner)
    if from_left <= from_over and from_left <= from_corner:
        return left
    return over if from_over <= from_corner else corner
