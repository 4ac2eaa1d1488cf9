"""How the host and its worker exit, and their exit codes."""

from __future__ import annotations

import contextlib
import os
import sys
from enum import IntEnum
from typing import NoReturn


class Exit(IntEnum):
    """Exit codes."""

    ASKED = 0  #: SIGTERM, SIGINT, or the parent process has ended
    CANNOT_START = 1
    WRONG_ARGUMENTS = 2  #: as argparse
    TIMED_OUT = 3  #: worker: an invocation exceeded functionTimeout
    WORKERS_DIED = 4  #: host: too many workers died in quick succession
    CRASHED = 5  #: worker: a bug of this host
    ORPHANED = 6  #: worker: the host has ended


def leave(code: Exit) -> NoReturn:
    """Exit at once, without waiting for threads or running the app's exit handlers.

    The real host does the same: it gives its worker no signal, and kills it (WorkerProcess.cs, `Process.Kill`).
    """
    import logging  # noqa: PLC0415 -- the host process starts faster without it

    logging.shutdown()
    with contextlib.suppress(OSError):  # the reader may have ended
        sys.stdout.flush()
    os._exit(code)
