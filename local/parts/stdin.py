"""Standard input as a leash: the parent process holds the other end, so that the child ends with it."""

from __future__ import annotations

import os


def wait_until_stdin_ends() -> None:
    """Return when the parent process has ended, or has closed the other end (see `Service`)."""
    while os.read(0, 1024):  # not sys.stdin: a thread that holds its lock breaks the interpreter's shutdown
        pass
