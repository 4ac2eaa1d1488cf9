"""Locks on files, which end with the process however it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


#: `is_locked` has the lock itself for as long as it looks, and that is less.
LOOKED_AT = timedelta(seconds=0.5)


def lock(file: IO[str], *, shared: bool = False) -> bool:
    """Lock it if nobody else has; returns whether it worked.  On Windows it always does: the ports are the lock there.

    The lock lasts until each process that has inherited the file has closed it, or has ended.  Several may have a
    shared one at a time.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold a lock on a file that exists, during the block; yields False if another process keeps it."""
    with path.open("r+") as file:
        give_up = time.monotonic() + LOOKED_AT.total_seconds()
        while not (is_ours := lock(file)) and time.monotonic() < give_up:
            time.sleep(0.02)
        yield is_ours


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock.  On Windows any file counts as held."""
    if fcntl is None:
        return True
    try:
        with path.open("r+") as file:
            return not lock(file, shared=True)  # shared: two that look at once do not take each other for the holder
    except FileNotFoundError:  # it has ended since
        return False
