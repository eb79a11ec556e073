"""The files of manuals: looked for when the catalog is read, and read when somebody opens or searches them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from domain.device_model import DeviceModel
from domain.errors import CatalogError, NotFoundError
from domain.manual import Manual, ManualKind, passages
from store.database import Connection
from store.guidance import ManualPassage, has_devices
from store.scope import customer_in_view

LARGEST = {ManualKind.MARKDOWN: 2**18, ManualKind.TEXT: 2**18, ManualKind.PDF: 2**25}
"""Bytes."""
PDF = b"%PDF-"


def catalog_root(folder: Path | None) -> Traversable:
    """Where catalog files lie; None: those that ship."""
    return folder if folder is not None else files("catalog")


def check_manuals(root: Traversable, model: DeviceModel, source: str) -> None:
    """Raises CatalogError for a manual that is not there, too large, or not what its name says."""
    for manual in model.manuals:
        if problem := _problem(root, manual):
            raise CatalogError(f"{source}: [[manual]] {manual.name}: {manual.file} {problem}")


def open_manual(
    connection: Connection, catalog: Mapping[str, DeviceModel], root: Traversable, *, device_model: str, name: str
) -> tuple[Manual, bytes]:
    """A manual with its content; for a customer's user of the models that they have. Raises NotFoundError."""
    model = catalog.get(device_model)
    if model is None or (customer_in_view() is not None and not has_devices(connection, device_model)):
        raise NotFoundError(f"there is no device model {device_model!r}: look its manuals up on a device's page")
    manual = model.manual(name)
    try:
        return manual, _path(root, manual).read_bytes()
    except OSError as error:
        raise NotFoundError(f"{manual.file} is not beside the catalog file any more: {error.strerror}") from error


def manual_passages(root: Traversable, models: Iterable[DeviceModel]) -> list[ManualPassage]:
    """What can be searched of the texts; a PDF, or what was taken away meanwhile, by its title alone."""
    return [
        ManualPassage(model.name, manual.name, manual.title, told, manual.language)
        for model in models
        for manual in model.manuals
        for told in (manual.title, *_told(root, manual))
    ]


def _told(root: Traversable, manual: Manual) -> Iterable[str]:
    if manual.kind is ManualKind.PDF:
        return ()
    path = _path(root, manual)
    try:
        if not isinstance(path, Path):
            return _split(path)
        told = path.stat()
        return _split_once(path, told.st_mtime_ns, told.st_size)
    except OSError:
        return ()


@lru_cache(maxsize=256)
def _split_once(path: Path, _changed: int, _size: int) -> tuple[str, ...]:
    return _split(path)


def _split(path: Traversable) -> tuple[str, ...]:
    return tuple(passages(path.read_bytes().decode("utf-8", "replace")))


def _problem(root: Traversable, manual: Manual) -> str:
    """What is wrong with its file; empty when nothing is. Of a PDF the beginning tells: each process looks."""
    try:
        with _path(root, manual).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            content = file.read(len(PDF) if manual.kind is ManualKind.PDF else LARGEST[manual.kind])
    except OSError as error:
        return f"cannot be read beside the catalog file ({error.strerror}): put it there, or take the manual out"
    if size > LARGEST[manual.kind]:
        return f"has {size} bytes, and {LARGEST[manual.kind]} are the most"
    if manual.kind is ManualKind.PDF:
        return "" if content == PDF else "is no PDF: save it as one"
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return f"is not UTF-8 at byte {error.start}: save it as UTF-8"
    return ""


def _path(root: Traversable, manual: Manual) -> Traversable:
    path = root
    for step in manual.file.split("/"):  # a catalog that ships takes one step at a time
        path = path / step
    return path
