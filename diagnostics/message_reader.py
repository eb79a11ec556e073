"""Reads what arrives at the platform's session. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson

from diagnostics.command_state import ANSWERS
from diagnostics.messages import Arrived, Echo, Marker, Message, MessageError, Report, Response
from diagnostics.payload_fields import read_document, read_text, read_ts
from diagnostics.twin_documents import document_problem
from diagnostics.upload_reader import read_files, read_part
from domain.command import CommandState
from domain.payload_text import shown
from domain.topic import sender_of
from domain.twin import ReportedComponent

LARGEST_RESULT = 64 << 10
MOST_COMPONENTS = 100
COMMAND_NUMBER = re.compile(r"([1-9][0-9]{0,17})-[0-9a-f]{8}")


def read_message(arrived: Arrived) -> Message:
    """Raises MessageError, and nothing else whatever the bytes are."""
    match arrived.topic.split("/"):
        case ["diagnostics", _, "marker"]:
            return Marker(arrived.payload)
        case ["devices", _, "twin", "reported"] if device := sender_of(arrived.topic):
            return _report(device, arrived.payload)
        case ["devices", _, "commands", told_id, kind] if device := sender_of(arrived.topic):
            command_id = _command_id(told_id)
            if arrived.retained:
                raise MessageError("retained", "a response is not retained: it would be told for ever")
            if arrived.correlation is None or len(arrived.correlation) != 16:
                raise MessageError(
                    "correlation", "it bears no correlation data of 16 bytes: send back those of the request"
                )
            if kind == "request":
                return Echo(device, command_id, arrived.correlation)
            if "part" in arrived.properties:
                return read_part(device, command_id, arrived.correlation, arrived)
            return _response(device, command_id, arrived.correlation, arrived.payload)
    raise MessageError("topic", f"nothing reads topic {arrived.topic[:200]!r}: see docs/wire.md for the topics")


def _command_id(text: str) -> int:
    match = COMMAND_NUMBER.fullmatch(text)
    if match is None:
        raise MessageError("unknown_command", f"there is no command {text[:100]!r}")
    return int(match[1])


def _report(device: str, payload: bytes) -> Report:
    document = read_document(payload)
    if "reported" not in document:
        raise MessageError("twin", "reported is missing: send the whole document of settings")
    if problem := document_problem(document["reported"]):
        raise MessageError("twin", f"reported cannot be stored: {problem}")
    version = document.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or not 0 <= version < 2**53):
        raise MessageError("twin", "version is not the number of a desired document")
    return Report(
        device=device,
        ts=read_ts(document),
        reported=document["reported"],
        version=version,
        refused=_refused(document.get("refused", {})),
        firmware=read_text(document, "firmware", 100) if "firmware" in document else None,
        components=_components(document.get("components", [])),
    )


def _refused(refused: Any) -> Mapping[str, str]:
    if document_problem(refused) or not all(isinstance(reason, str) for reason in refused.values()):
        raise MessageError("twin", "refused is not an object of reasons by setting")
    return dict(refused)


def _components(rows: Any) -> tuple[ReportedComponent, ...]:
    if not isinstance(rows, list) or len(rows) > MOST_COMPONENTS or not all(isinstance(row, dict) for row in rows):
        raise MessageError("twin", f"components is not a list of at most {MOST_COMPONENTS} objects")
    found = tuple(
        ReportedComponent(
            read_text(row, "component", 100), read_text(row, "serial", 100), read_text(row, "revision", 100)
        )
        for row in rows
    )
    names = {component.component for component in found}
    if "" in names or len(names) < len(found):
        raise MessageError("twin", "each of the components needs a name of its own")
    return found


def _response(device: str, command_id: int, correlation: bytes, payload: bytes) -> Response:
    document = read_document(payload)
    told = document.get("state")
    if told not in ANSWERS:
        raise MessageError("response", f"state {shown(told)} is none of {', '.join(ANSWERS)}")
    state = CommandState(told)
    result = document.get("result")
    if result is not None and (not isinstance(result, dict) or _size(result) > LARGEST_RESULT):
        raise MessageError(
            "response", f"result is not an object of at most {LARGEST_RESULT} bytes: send a file in parts"
        )
    succeeded, failed = state is CommandState.SUCCEEDED, state is CommandState.FAILED
    error = document.get("error", {}) if failed else {}
    if not isinstance(error, dict):
        raise MessageError("response", "error is not an object with code and message")
    return Response(
        device=device,
        command_id=command_id,
        correlation=correlation,
        digest=hashlib.sha256(payload).digest(),
        ts=read_ts(document),
        state=state,
        progress=_progress(document) if state is CommandState.RUNNING else None,
        result=result if succeeded else None,
        error_code=(read_text(error, "code", 100) or "unknown") if failed else "",
        error_message=read_text(error, "message", 1000),
        files=read_files(result.get("files", [])) if succeeded and result else (),
    )


def _size(result: Mapping[str, Any]) -> int:
    """Bytes as it is stored."""
    try:
        return len(orjson.dumps(result))
    except orjson.JSONEncodeError as error:  # it is read to a greater depth than it is written
        raise MessageError("response", f"result cannot be stored: {error}") from None


def _progress(document: Mapping[str, Any]) -> float | None:
    progress = document.get("progress")
    if progress is None:
        return None
    if isinstance(progress, bool) or not isinstance(progress, int | float) or not 0 <= progress <= 1:
        raise MessageError("response", "progress is not a number from 0 to 1")
    return float(progress)
