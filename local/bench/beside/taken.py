"""The tasks of a system, and the metering of its cost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import psutil

from local.bench.ground import Ground, path, processor_seconds

A_DAY = timedelta(days=1)

#: Delay between two polls where there is one: long enough that all jobs wait when a kill happens.
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
    has_server: bool = False
    server_processor: float = 0.0  #: of the server beside it and all its processes
    server_memory: float = 0.0


class System(Protocol):
    """Something that watches jobs."""

    def end(self, jobs: Sequence[str]) -> Taken:
        """Run watches that poll without delay to their end."""

    def sleep(self, jobs: Sequence[str], span: timedelta, runs: int) -> Sequence[Taken]:
        """Let watches wait for that long, that many times."""

    def wait(self, jobs: Sequence[str]) -> None:
        """Run watches to their end that wait `DELAY` between polls."""

    def survive(self, jobs: Sequence[str]) -> None:
        """Start watches, kill and restart the system while they wait, and let it finish what it still knows."""


def of_all(server: psutil.Process) -> tuple[float, float]:
    """Return processor seconds and MB of a process and all below it, such as PostgreSQL's.

    Includes the seconds of those that have ended.  A page that several share counts once, where the system can tell.
    """
    seconds = memory = 0.0
    for process in [*server.children(recursive=True), server]:
        with suppress(psutil.NoSuchProcess):  # ended meanwhile: its parent has its seconds now
            used, held = process.cpu_times(), process.memory_full_info()
            seconds += used.user + used.system + used.children_user + used.children_system
            memory += getattr(held, "pss", held.rss) / 1e6
    return seconds, memory


@contextmanager
def taking(process: psutil.Process, server: psutil.Process | None = None) -> Iterator[Taken]:
    """Measure the cost of a process, and of its server, during the block."""
    before = of_all(server)[0] if server else 0.0
    taken, began, used = Taken(has_server=server is not None), time.monotonic(), processor_seconds(process)
    yield taken
    taken.seconds, taken.processor = time.monotonic() - began, processor_seconds(process) - used
    taken.memory = process.memory_info().rss / 1e6
    if server:
        after, taken.server_memory = of_all(server)
        taken.server_processor = after - before


def asleep(
    process: psutil.Process, span: timedelta, runs: int, server: psutil.Process | None = None
) -> Sequence[Taken]:
    """Measure the cost of a process, and of its server, while its watches wait."""
    time.sleep(min(SETTLING, span).total_seconds())
    all_taken = []
    for _ in range(runs):
        with taking(process, server) as taken:
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
