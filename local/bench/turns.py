"""Turns through the real host, as many as it can take."""

from __future__ import annotations

import time
from datetime import timedelta

from local.bench.ground import RUNNING, SUCCEEDED, Ground, processor_seconds
from local.bench.spread import Figures, Spread

WITHIN = timedelta(minutes=10)


def turns(ground: Ground, watches: int, polls: int, runs: int) -> Figures:
    """Let so many watches poll so often, without delay, until they end."""
    rates, costs, memory = [], [], []
    for run in range(runs):
        jobs = [f"turns-{run}-{number}" for number in range(watches)]
        ground.script(jobs, *[RUNNING] * (polls - 1), SUCCEEDED)
        ground.make(jobs)
        with ground.host() as process:
            began, used = time.monotonic(), processor_seconds(process)
            ground.wait_until_done(WITHIN)
            rates.append(watches * polls / (time.monotonic() - began))
            costs.append(1000 * (processor_seconds(process) - used) / (watches * polls))
            memory.append(process.memory_info().rss / 1e6)
    return {
        "turns": Spread(rates, "a second"),
        "processor of 1,000 turns, host and app": Spread(costs, "s"),
        "memory of host and app": Spread(memory, "MB"),
    }
