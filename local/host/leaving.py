"""The ways out of the process, and its exit codes."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from enum import IntEnum
from typing import NoReturn


class Exit(IntEnum):
    """Exit codes.  2 is argparse's, for wrong arguments."""

    ASKED = 0  #: SIGTERM, SIGINT, or the parent is gone
    CANNOT_START = 1
    TIMED_OUT = 3  #: an invocation ran longer than functionTimeout


def leave(code: Exit) -> NoReturn:
    """End now, without waiting for threads and without the app's exit handlers.

    The real host does the same: it gives its worker no signal, and kills it (WorkerProcess.cs, `Process.Kill`).
    """
    logging.shutdown()
    with contextlib.suppress(OSError):  # nobody may be left to read it
        sys.stdout.flush()
    os._exit(code)
