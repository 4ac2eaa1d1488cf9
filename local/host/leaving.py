"""The ways out of the host and of its worker, and their exit codes."""

from __future__ import annotations

import contextlib
import os
import sys
from enum import IntEnum
from typing import NoReturn


class Exit(IntEnum):
    """Exit codes."""

    ASKED = 0  #: SIGTERM, SIGINT, or whoever started the host is gone
    CANNOT_START = 1
    WRONG_ARGUMENTS = 2  #: argparse's
    TIMED_OUT = 3  #: of a worker: an invocation ran longer than functionTimeout
    WORKERS_DIED = 4  #: of the host: too many workers died in short order
    CRASHED = 5  #: of a worker: a mistake of this host's
    ORPHANED = 6  #: of a worker: the host is gone


def leave(code: Exit) -> NoReturn:
    """End now, without waiting for threads and without the app's exit handlers.

    The real host does the same: it gives its worker no signal, and kills it (WorkerProcess.cs, `Process.Kill`).
    """
    import logging  # noqa: PLC0415 -- the host itself, which is to start fast, has no use for it

    logging.shutdown()
    with contextlib.suppress(OSError):  # nobody may be left to read it
        sys.stdout.flush()
    os._exit(code)
