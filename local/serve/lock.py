"""Locks on files, which end with the process however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def lock(file: IO[str]) -> bool:
    """Lock it if nobody else has; returns whether it worked.  On Windows it always does: the ports are the lock there.

    The lock lasts until each process that has inherited the file has closed it, or has ended.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold a lock on a file that exists, during the block; yields False if another process has it."""
    with path.open("r+") as file:
        yield lock(file)


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock.  On Windows any file counts as held."""
    if fcntl is None:
        return True
    with locked(path) as is_free:
        return not is_free
