"""Standard input as a leash: the parent process holds the other end, so that the child ends with it."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Callable


def at_end_of_stdin(call: Callable[[], object]) -> None:
    """Call, in a thread, when the parent process has ended or has closed the other end (see `Service`).

    A stdin that is no pipe, as in a terminal, means nothing.
    """

    def wait() -> None:
        while os.read(0, 1024):  # not sys.stdin: a thread that holds its lock breaks the interpreter's shutdown
            pass
        call()

    if sys.stdin and stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=wait, daemon=True).start()
