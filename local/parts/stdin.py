"""Standard input as a leash: whoever started a process holds the other end, so that it ends when they do."""

from __future__ import annotations

import os


def wait_until_stdin_ends() -> None:
    """Return when whoever started this process, and holds the other end as `Service` does, is gone or lets go."""
    while os.read(0, 1024):  # not sys.stdin: its lock, held by a thread, breaks the interpreter's end
        pass
