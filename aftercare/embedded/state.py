"""Folders and files of the embedded services that only their owner may read."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from domain.errors import ConfigurationError, ConflictError


def make_private(folder: Path) -> None:
    """Make the folder for its owner alone. Raises ConfigurationError when that is not possible."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"cannot make the folder {folder}: {error.strerror}. Set AFTERCARE_STATE_DIR to a folder you may write"
        ) from error


def write_private(path: Path, text: str) -> None:
    """Write a file for its owner alone, whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    partial.rename(path)


def fresh_log(path: Path) -> Path:
    """An empty log file, the last one kept beside it."""
    if path.exists():
        path.rename(path.with_name(path.name + ".1"))
    path.touch(mode=0o600)
    return path


def lock_folder(folder: Path) -> int:
    """Keep other processes out of the folder until ours ends or closes the descriptor that is given back.

    Raises ConflictError when one is in it already.
    """
    handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise ConflictError(
            f"Aftercare already runs from {folder}: stop it, or set AFTERCARE_STATE_DIR to another folder"
        ) from error
    return handle
