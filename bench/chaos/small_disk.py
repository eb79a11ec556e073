"""A file system of its own for the database, so that it can be full without the machine being full."""

from __future__ import annotations

import os
from pathlib import Path

from aftercare.embedded import Binaries
from bench.chaos.processes import run_as_owner
from domain.errors import UnavailableError

SIZE = 8 << 30
"""Of a sparse file: it takes what the database writes."""
BLOCK = 4096


class SmallDisk:
    """An ext4 in a file, mounted at `where`. Raises UnavailableError where mounting is not allowed."""

    def __init__(self, binaries: Binaries, image: Path, where: Path) -> None:
        self._binaries = binaries
        self._image = image
        self._where = where
        self._ballast = where / "ballast"
        with image.open("wb") as file:
            file.truncate(SIZE)
        run_as_owner(binaries, "mkfs.ext4", "-q", "-F", "-m", "0", str(image))
        run_as_owner(binaries, "mkdir", "-p", str(where))
        run_as_owner(binaries, "mount", "-o", "loop", str(image), str(where))

    def fill(self) -> None:
        """Leave not one free block. Raises UnavailableError when we may not write there."""
        try:
            with self._ballast.open("wb") as file:
                length, step = 0, SIZE
                while step >= BLOCK:
                    try:
                        os.posix_fallocate(file.fileno(), length, step)
                        length += step
                    except OSError:
                        step //= 2
        except PermissionError as error:
            raise UnavailableError(f"cannot write to {self._where}: run as root") from error

    def free(self) -> None:
        """Give the space back."""
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        run_as_owner(self._binaries, "umount", str(self._where))
        self._image.unlink()
