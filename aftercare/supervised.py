"""Becomes a command that dies with its parent: `python -I -S supervised.py PARENT_PID COMMAND ARGUMENT...`.

A program of its own rather than a `preexec_fn`, which may deadlock in a process that has threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent by PR_SET_PDEATHSIG, then execute the command in its place."""
    parent, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit(1)  # the parent died before the tie was made
    try:
        os.execvp(command[0], command)  # noqa: S606 - the supervisor's own command, no shell
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
