"""What a system is asked to do, and how what it takes is counted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import psutil

from local.bench.ground import Ground, path, processor_seconds

A_DAY = timedelta(days=1)

#: How long a job of a kill is left alone between two polls: long enough for all to be asleep when the kill comes.
DELAY = timedelta(seconds=4)

#: Until a process whose watches have just begun has come to rest.
SETTLING = timedelta(seconds=3)

WITHIN = timedelta(minutes=10)


@dataclass(slots=True)
class Taken:
    """What something took; filled in when it has ended."""

    seconds: float = 0.0
    processor: float = 0.0  #: seconds
    memory: float = 0.0  #: MB, at its end


class System(Protocol):
    """Something that watches jobs."""

    def end(self, jobs: Sequence[str]) -> Taken:
        """Start watches that ask again at once, and let them end."""

    def sleep(self, jobs: Sequence[str], span: timedelta, runs: int) -> Sequence[Taken]:
        """Let watches sleep for so long, so many times."""

    def survive(self, jobs: Sequence[str]) -> None:
        """Start watches, kill what watches while they sleep, start it again, and let it end what it knows of."""


@contextmanager
def taking(process: psutil.Process) -> Iterator[Taken]:
    """Count what a process takes for the block."""
    taken, began, used = Taken(), time.monotonic(), processor_seconds(process)
    yield taken
    taken.seconds, taken.processor = time.monotonic() - began, processor_seconds(process) - used
    taken.memory = process.memory_info().rss / 1e6


def asleep(process: psutil.Process, span: timedelta, runs: int) -> Sequence[Taken]:
    """Count what a process takes while its watches sleep."""
    time.sleep(min(SETTLING, span).total_seconds())
    all_taken = []
    for _ in range(runs):
        with taking(process) as taken:
            time.sleep(span.total_seconds())
        all_taken.append(taken)
    return all_taken


def wait_until_asked(ground: Ground, jobs: Sequence[str]) -> None:
    """Return when all of these have been asked for, and their watches have had time to fall asleep."""
    give_up = time.monotonic() + WITHIN.total_seconds()
    missing = {path(job) for job in jobs}
    while missing := missing - ground.polls().keys():
        if time.monotonic() > give_up:
            raise TimeoutError(f"{len(missing)} of {len(jobs)} jobs were not asked for within {WITHIN}")
        time.sleep(0.1)
    time.sleep(DELAY.total_seconds() / 4)
