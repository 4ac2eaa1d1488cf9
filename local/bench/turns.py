"""The throughput of turns through the host."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import timedelta

from local.bench.ground import RUNNING, SUCCEEDED, Ground, processor_seconds
from local.bench.spread import Figures, Spread

WITHIN = timedelta(minutes=10)


def turns(ground: Ground, watches: int, polls: int, runs: int) -> Figures:
    """Run that many watches with that many polls, without delay, until they end.

    An end takes more requests than other turns, so fewer polls mean more requests per poll.
    """
    measured: defaultdict[str, list[float]] = defaultdict(list)
    parts: defaultdict[str, list[float]] = defaultdict(list)
    count = watches * polls
    for run in range(runs):
        jobs = [f"turns-{run}-{number}" for number in range(watches)]
        ground.script(jobs, *[RUNNING] * (polls - 1), SUCCEEDED)
        ground.make(jobs)
        with ground.storage_requests() as requests, ground.metered_host() as process:
            began, used = time.monotonic(), processor_seconds(process)
            ground.wait_until_done(WITHIN)
            measured["rate"].append(count / (time.monotonic() - began))
            measured["cost"].append(1000 * (processor_seconds(process) - used) / count)
            measured["memory"].append(process.memory_info().rss / 1e6)
            spent = ground.spent(process)
        for part, seconds in spent.items():
            parts[part].append(1000 * seconds / count)
        parts["everything else"].append(measured["cost"][-1] - 1000 * sum(spent.values()) / count)
        measured["requests"].append((requests["tables"] + requests["queues"]) / count)
        measured["looks"].append(requests["looks for tickets"] / count)
    return {
        "turns": Spread(measured["rate"], "a second"),
        "processor of 1,000 turns, host and app": Spread(measured["cost"], "s"),
        **{f"  {part}": Spread(seconds, "s") for part, seconds in sorted(parts.items())},
        "storage requests of a turn, ends and deletion included": Spread(measured["requests"]),
        "looks for tickets of a turn": Spread(measured["looks"]),
        "memory of host and app": Spread(measured["memory"], "MB"),
    }
