"""Keeps the parts running: starts again what has ended, and bounds their logs."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NoReturn

from local.parts.processes import DidNotStartError, Service

LOOK_EVERY = timedelta(seconds=0.5)

#: After so many ends within that time it is no accident.
MOST_ENDS, WITHIN = 20, timedelta(minutes=10)

#: Before the second attempt to start a part; it doubles.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=30)

#: A part that runs and does not listen for so long hangs.
HANGS_AFTER = timedelta(minutes=1)

#: Of a log; the one before it is kept.
LARGEST_LOG = 10_000_000


class Keeper:
    """Watches over parts, each in its order: a part may need those before it."""

    def __init__(self, parts: Sequence[Service], say: Callable[[str], None]) -> None:
        self._parts = parts
        self._say = say
        self._ends: deque[float] = deque()
        self._heard = {id(part): time.monotonic() for part in parts}

    def keep(self) -> NoReturn:
        """Keep them running until interrupted; raises `DidNotStartError` if one ends too often."""
        while True:
            time.sleep(LOOK_EVERY.total_seconds())
            self.look()

    def look(self) -> None:
        """Look once after each."""
        for part in self._parts:
            code = part.process.poll()
            if code is None and self._hangs(part):
                part.kill()
                code = part.process.returncode
            if code is not None:
                self._start_again(part, f"ended with code {code}")
            bound(part)

    def _hangs(self, part: Service) -> bool:
        now = time.monotonic()
        if part.listens():
            self._heard[id(part)] = now
        return now - self._heard[id(part)] > HANGS_AFTER.total_seconds()

    def _start_again(self, part: Service, why: str) -> None:
        pause = FIRST_PAUSE
        while True:
            _sweep(part)
            self._count(part)
            self._say(f"{part.log.stem} {why}: starting it again")
            try:
                part.start()
            except (DidNotStartError, OSError) as error:  # the latter: no memory, no room on the disk
                why = f"did not start ({_last_line(error)})"
                time.sleep(pause.total_seconds())
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._heard[id(part)] = time.monotonic()
                return

    def _count(self, part: Service) -> None:
        now = time.monotonic()
        self._ends.append(now)
        while now - self._ends[0] > WITHIN.total_seconds():
            self._ends.popleft()
        if len(self._ends) > MOST_ENDS:
            raise DidNotStartError(f"{part.log.stem} ends again and again: see {part.log}")


def bound(part: Service) -> None:
    """Begin a log anew once it is large; a line that is written at that moment may be lost."""
    with suppress(FileNotFoundError):
        if part.log.stat().st_size > LARGEST_LOG:
            before = part.log.with_name(part.log.name + ".1")
            try:
                shutil.copyfile(part.log, before)
            except OSError:  # a full disk: to go on counts for more than the end of a log, and half a copy needs room
                before.unlink(missing_ok=True)
            os.truncate(part.log, 0)  # the part appends to it


def _last_line(error: Exception) -> str:
    """Return what says most: the last line of the part's log, or why it was not even tried."""
    return (str(error).splitlines() or [type(error).__name__])[-1]


def _sweep(part: Service) -> None:
    """Kill what a part has left behind: its port, and the folder, are for one."""
    part.stop()
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(part.process.pid, signal.SIGKILL)  # it led its group
