"""Payloads that were compressed with gzip (RFC 1952), told by their first bytes: no JSON begins with them."""

from __future__ import annotations

import zlib

from ingest.codecs.decoded import PayloadError

MAGIC = b"\x1f\x8b"
GZIP = zlib.MAX_WBITS | 16


def inflate(payload: bytes, limit: int) -> bytes:
    """The payload itself, or what it was before gzip. Never makes more than `limit` bytes and one.

    Raises PayloadError when it is damaged, cut short, more than one gzip member or would become longer than `limit`.
    """
    if not payload.startswith(MAGIC):
        return payload
    member = zlib.decompressobj(GZIP)
    try:
        content = member.decompress(payload, limit + 1)
    except zlib.error as error:
        raise PayloadError("gzip", f"begins as gzip but is damaged: {error}") from None
    if len(content) > limit:
        raise PayloadError("size", f"becomes more than {limit} bytes when decompressed: send smaller arrays")
    if not member.eof:
        raise PayloadError("gzip", "the gzip data ends too early: send all of it in one message")
    if member.unused_data:
        raise PayloadError("gzip", f"{len(member.unused_data)} bytes follow the gzip data: send it alone")
    return content
