"""The tasks of a system, and the metering of its cost."""

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

#: Delay between two polls in the kill test: long enough that all jobs wait when the kill happens.
DELAY = timedelta(seconds=4)

#: Time for a process with new watches to become idle.
SETTLING = timedelta(seconds=3)

WITHIN = timedelta(minutes=10)


@dataclass(slots=True)
class Taken:
    """The cost of something; complete when it has ended."""

    seconds: float = 0.0
    processor: float = 0.0  #: seconds
    memory: float = 0.0  #: MB, at its end


class System(Protocol):
    """Something that watches jobs."""

    def end(self, jobs: Sequence[str]) -> Taken:
        """Run watches that poll without delay to their end."""

    def sleep(self, jobs: Sequence[str], span: timedelta, runs: int) -> Sequence[Taken]:
        """Let watches wait for that long, that many times."""

    def survive(self, jobs: Sequence[str]) -> None:
        """Start watches, kill and restart the system while they wait, and let it finish what it still knows."""


@contextmanager
def taking(process: psutil.Process) -> Iterator[Taken]:
    """Measure the cost of a process during the block."""
    taken, began, used = Taken(), time.monotonic(), processor_seconds(process)
    yield taken
    taken.seconds, taken.processor = time.monotonic() - began, processor_seconds(process) - used
    taken.memory = process.memory_info().rss / 1e6


def asleep(process: psutil.Process, span: timedelta, runs: int) -> Sequence[Taken]:
    """Measure the cost of a process while its watches wait."""
    time.sleep(min(SETTLING, span).total_seconds())
    all_taken = []
    for _ in range(runs):
        with taking(process) as taken:
            time.sleep(span.total_seconds())
        all_taken.append(taken)
    return all_taken


def wait_until_asked(ground: Ground, jobs: Sequence[str]) -> None:
    """Wait until all these jobs have been polled and their watches wait."""
    give_up = time.monotonic() + WITHIN.total_seconds()
    missing = {path(job) for job in jobs}
    while missing := missing - ground.polls().keys():
        if time.monotonic() > give_up:
            raise TimeoutError(f"{len(missing)} of {len(jobs)} jobs were not asked for within {WITHIN}")
        time.sleep(0.1)
    time.sleep(DELAY.total_seconds() / 4)
