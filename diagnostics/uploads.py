"""Large results: parts are kept as they come, and become a file when the result that names them does."""

from __future__ import annotations

import hashlib
from datetime import datetime

from diagnostics.messages import FileClaim, MessageError, UploadPart
from store import command_files
from store.database import Connection

LARGEST_UPLOAD = 16 << 20
"""Bytes of all files of one command."""


def keep_part(connection: Connection, upload: UploadPart) -> None:
    """Raises MessageError when it goes beyond what one command may send, or contradicts what came before."""
    held = command_files.held_bytes(connection, command_id=upload.command_id, sha256=upload.sha256, part=upload.part)
    if held + len(upload.content) > LARGEST_UPLOAD:
        raise MessageError("upload", f"the files of one command have {LARGEST_UPLOAD >> 20} MiB at most")
    if not command_files.keep_part(
        connection,
        command_id=upload.command_id,
        sha256=upload.sha256,
        part=upload.part,
        parts=upload.parts,
        name=upload.name,
        content_type=upload.content_type,
        content=upload.content,
    ):
        raise MessageError("upload", f"part {upload.part} of {upload.name} came before with another content")


def assemble(connection: Connection, command_id: int, claims: tuple[FileClaim, ...], at: datetime) -> None:
    """Make files of the parts. Raises MessageError when one is missing or damaged."""
    for claim in claims:
        parts = command_files.parts(connection, command_id=command_id, sha256=claim.sha256)
        if [part.part for part in parts] != list(range(1, claim.parts + 1)) or parts[0].parts != claim.parts:
            raise MessageError("upload", f"{claim.name}: {len(parts)} of {claim.parts} parts came")
        content = b"".join(part.content for part in parts)
        if len(content) != claim.size or hashlib.sha256(content).digest() != claim.sha256:
            raise MessageError(
                "upload",
                f"{claim.name}: the parts make {len(content)} bytes that are not those of its SHA-256 and size",
            )
        command_files.add_file(
            connection,
            command_id=command_id,
            name=claim.name,
            content_type=parts[0].content_type,
            sha256=claim.sha256,
            content=content,
            at=at,
        )
