"""What watches cost that are not due: as much as none at all, for nothing runs while they sleep."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import psutil

from local.bench.ground import Ground, processor_seconds
from local.bench.spread import Figures, Spread

#: Until a host that has just started has come to rest.
SETTLING = timedelta(seconds=3)


def sleeping(ground: Ground, watches: int, span: timedelta, runs: int) -> Figures:
    """Compare a host with an empty queue to one with so many sleeping tickets."""
    with ground.host() as process:
        alone = [_an_hour(process, span) for _ in range(runs)]
        memory_alone = process.memory_info().rss / 1e6
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    ground.make([f"sleeping-{number}" for number in range(watches)], [tomorrow] * watches)
    with ground.host() as process:
        beside = [_an_hour(process, span) for _ in range(runs)]
        memory = process.memory_info().rss / 1e6
    asleep = ground.tickets()
    ground.clear()
    return {
        "tickets asleep": Spread([float(asleep)]),
        "processor of an hour, none asleep": Spread(alone, "s"),
        "processor of an hour, all asleep": Spread(beside, "s"),
        "memory, none asleep": Spread([memory_alone], "MB"),
        "memory, all asleep": Spread([memory], "MB"),
    }


def _an_hour(process: psutil.Process, span: timedelta) -> float:
    time.sleep(min(SETTLING, span).total_seconds())
    began, used = time.monotonic(), processor_seconds(process)
    time.sleep(span.total_seconds())
    return 3600 * (processor_seconds(process) - used) / (time.monotonic() - began)
