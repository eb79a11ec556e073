"""Runs one service that must not outlive us: in its own root, as its own user, and stopped when standard input closes.

A program of its own, on the standard library alone, because sudo may stand between us and it: only an open pipe ties
two processes across sudo. Exit codes: the service's own, 128 + N when signal N ended it, or one of those below.
"""

import argparse
import ctypes
import fcntl
import glob
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

EXIT_LOCKED = 75
EXIT_PORT_IN_USE = 98
STARTED = "lifeline: starting the service"
PORT_ADVICE = "stop what listens there, or choose another with AFTERCARE_EMBEDDED_DATABASE_PORT or ..._MQTT_PORT"
PR_SET_PDEATHSIG = 1
LOCK_WAIT_SECONDS = 20
STOP_WAIT_SECONDS = 15


def main() -> int:
    """Run as `python -I -S lifeline.py --home DIR [options] -- COMMAND ARGUMENT...`."""
    options, command = _read_arguments()
    if options.root:
        os.chroot(options.root)
    os.chdir("/")
    account = pwd.getpwnam(options.user) if options.user else None
    lock = _lock(options.home + ".lock")
    if lock is None:
        print(f"{options.home} is used by another process", file=sys.stderr)  # noqa: T201
        return EXIT_LOCKED
    os.truncate(lock, 0)
    os.write(lock, b"%d" % options.throwaway_of if options.throwaway_of else b"")
    try:
        _make_home(options.home, account)
        if options.once:
            return _start(command, options, account).wait()
        if options.port and _in_use(options.port):
            print(f"port {options.port} on 127.0.0.1 is in use: {PORT_ADVICE}", file=sys.stderr)  # noqa: T201
            return EXIT_PORT_IN_USE
        print(STARTED, file=sys.stderr, flush=True)  # noqa: T201 - from here on the port is the service's own
        # The service inherits the lock, so that it is free only when the last process of the service is gone.
        return _watch(_start(command, options, account, stdin=subprocess.DEVNULL, pass_fds=(lock,)), options.signal)
    finally:
        if options.throwaway_of:
            _remove(options.home)
        if options.sweep:
            _sweep(options.sweep)


def _read_arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", help="folder to become the root of the file system")
    parser.add_argument("--user", help="user of that root whom the service runs as")
    parser.add_argument("--home", required=True, help="the service's data folder, made when missing; one service each")
    parser.add_argument("--port", type=int, help="port on 127.0.0.1 that has to be free")
    parser.add_argument("--signal", type=int, default=signal.SIGTERM, help="signal that stops the service cleanly")
    parser.add_argument("--throwaway-of", type=int, metavar="PID", help="remove the data folder afterwards")
    parser.add_argument("--sweep", metavar="DIR", help="then remove what killed processes left to be thrown away below")
    parser.add_argument("--once", action="store_true", help="run a command that ends by itself, with our input")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    return options, options.command


def _start(
    command: list[str],
    options: argparse.Namespace,
    account: pwd.struct_passwd | None,
    *,
    stdin: int | None = None,
    pass_fds: tuple[int, ...] = (),
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        cwd=options.home,
        stdin=stdin,
        pass_fds=pass_fds,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, options.signal),
    )


def _make_home(home: str, account: pwd.struct_passwd | None) -> None:
    if not os.path.isdir(home):  # noqa: PTH112
        os.mkdir(home, mode=0o700)  # noqa: PTH102
    if account is not None:
        os.chown(home, account.pw_uid, account.pw_gid)


def _remove(home: str) -> None:
    shutil.rmtree(home, ignore_errors=True)
    os.unlink(home + ".lock")  # noqa: PTH108
    with suppress(OSError):  # not empty: another service keeps its data beside
        os.removedirs(os.path.dirname(home))  # noqa: PTH120


def _sweep(folder: str) -> None:
    """Remove data to be thrown away whose lifeline was killed, once the process that it was for is gone, too."""
    for path in glob.glob(f"{folder}/*/*.lock") + glob.glob(f"{folder}/*/*/*.lock"):  # noqa: PTH207
        with suppress(FileNotFoundError):
            lock = _try_lock(path, os.O_RDWR)
            if lock is not None:
                if _is_gone(os.read(lock, 20)):
                    _remove(path.removesuffix(".lock"))
                os.close(lock)


def _is_gone(pid: bytes) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (ValueError, PermissionError):  # nobody's to throw away, or another user's who lives
        return False
    return False


def _lock(path: str) -> int | None:
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while time.monotonic() < deadline:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)  # noqa: PTH103, PTH120
        lock = _try_lock(path, os.O_CREAT | os.O_RDWR)
        if lock is not None:
            return lock
        time.sleep(0.1)
    return None


def _try_lock(path: str, flags: int) -> int | None:
    handle = os.open(path, flags, 0o600)
    with suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), os.stat(path)):  # noqa: PTH116
            return handle
    os.close(handle)  # held by another, or just removed by it
    return None


def _in_use(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _watch(service: "subprocess.Popen[bytes]", stop_signal: int) -> int:
    """Wait until the service ends or has to: standard input closed, or a signal to us."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    while service.poll() is None:
        ready, _, _ = select.select([0, reader], [], [])
        if 0 in ready and os.read(0, 1) == b"":
            return _stop(service, stop_signal)
        if reader in ready and set(os.read(reader, 64)) - {signal.SIGCHLD}:
            return _stop(service, stop_signal)
    return service.returncode if service.returncode >= 0 else 128 - service.returncode


def _stop(service: "subprocess.Popen[bytes]", stop_signal: int) -> int:
    service.send_signal(stop_signal)
    try:
        service.wait(STOP_WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        service.kill()
        service.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
