"""The cost of waiting watches: none, because nothing runs while they wait."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psutil

from local.bench.ground import Ground, processor_seconds
from local.bench.spread import Figures, Spread

#: Time for a new host to become idle.
SETTLING = timedelta(seconds=3)


def sleeping(ground: Ground, watches: int, span: timedelta, runs: int) -> Figures:
    """Compare a host with an empty queue to one with that many invisible tickets."""
    with ground.host() as process:
        alone = [_an_hour(ground, process, span) for _ in range(runs)]
        memory_alone = process.memory_info().rss / 1e6
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    ground.make([f"sleeping-{number}" for number in range(watches)], [tomorrow] * watches)
    with ground.host() as process:
        beside = [_an_hour(ground, process, span) for _ in range(runs)]
        memory = process.memory_info().rss / 1e6
    asleep = ground.tickets()
    ground.clear()
    return {
        "tickets asleep": Spread([float(asleep)]),
        **_told("none asleep", alone),
        **_told("all asleep", beside),
        "memory, none asleep": Spread([memory_alone], "MB"),
        "memory, all asleep": Spread([memory], "MB"),
    }


@dataclass(frozen=True, slots=True)
class Hour:
    """The work of a host per hour, extrapolated from a shorter time."""

    processor: float  #: seconds
    looks: float  #: polls of queues
    others: float  #: other requests to storage


def _an_hour(ground: Ground, process: psutil.Process, span: timedelta) -> Hour:
    time.sleep(min(SETTLING, span).total_seconds())
    began, used = time.monotonic(), processor_seconds(process)
    with ground.storage_requests() as requests:
        time.sleep(span.total_seconds())
    times = 3600 / (time.monotonic() - began)
    used = processor_seconds(process) - used
    looks = requests["looks for tickets"] + requests["other looks"]
    return Hour(times * used, times * looks, times * (requests.total() - looks))


def _told(how: str, hours: Sequence[Hour]) -> Figures:
    return {
        f"processor of an hour, {how}": Spread([hour.processor for hour in hours], "s"),
        f"looks at the queues in an hour, {how}": Spread([hour.looks for hour in hours]),
        f"other requests to storage in an hour, {how}": Spread([hour.others for hour in hours]),
    }
