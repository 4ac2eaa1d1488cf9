"""The throughput of turns through the host."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path

from local.bench.ground import RUNNING, SUCCEEDED, Ground, path, processor_seconds
from local.bench.spread import Figures, Spread

WITHIN = timedelta(minutes=10)

#: A run that pauses for so long has met a fault: a failed turn comes again after a minute (host.json).
STALLED = timedelta(seconds=30)

COST = "processor of 1,000 turns, host and app"
PAUSE = "longest pause between two polls, or before the end"


def turns(ground: Ground, watches: int, polls: int, runs: int, against: str | None = None) -> Figures:
    """Run that many watches with that many polls, without delay, until they end.

    An end takes more requests than other turns, so fewer polls mean more requests per poll.  `against` is a revision
    whose code runs the same turns, before each run of this one: the load of the machine is the same for both.
    """
    trees, numbers = ground.trees(against), count()
    measured: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for _ in range(runs):
        for revision, tree in trees.items():
            measured[revision].append(_run(ground, f"turns-{next(numbers)}", watches, polls, tree))
    figures = _spreads(measured[""])
    if against:
        before = _spreads(measured[against])
        figures |= {f"{name}, at {against}": spread for name, spread in before.items() if not name.startswith(" ")}
        ratios = [new / old for new, old in zip(figures[COST].values, before[COST].values, strict=True)]
        figures[f"processor here / at {against}"] = Spread(ratios)
    return figures


class StalledError(Exception):
    """A run paused.  The logs are kept, as they are whenever a benchmark fails."""


def _run(ground: Ground, name: str, watches: int, polls: int, tree: Path) -> Mapping[str, float]:
    """Measure one run of the code in this tree; raises `StalledError`."""
    turns = watches * polls
    jobs = [f"{name}-{number}" for number in range(watches)]
    ground.script(jobs, *[RUNNING] * (polls - 1), SUCCEEDED)
    ground.make(jobs)
    with ground.storage_requests() as requests, ground.metered_host(tree) as process:
        began, used = time.monotonic(), processor_seconds(process)
        ground.wait_until_done(WITHIN)
        rate, ended = turns / (time.monotonic() - began), datetime.now(UTC)
        cost = 1000 * (processor_seconds(process) - used) / turns
        memory = process.memory_info().rss / 1e6
        spent = {f"  {part}": 1000 * seconds / turns for part, seconds in sorted(ground.spent(process).items())}
    paths = set(map(path, jobs))
    asked = [datetime.fromisoformat(request["time"]) for request in ground.requests() if request["path"] in paths]
    pause = longest_pause(asked, ended)
    if pause > STALLED:
        raise StalledError(f"it paused for {pause.total_seconds():.0f} s; see {ground.parts.host.log}")
    return {
        "turns": rate,
        PAUSE: pause.total_seconds(),
        COST: cost,
        **spent,
        "  everything else": cost - sum(spent.values()),
        "storage requests of a turn, ends and deletion included": (requests["tables"] + requests["queues"]) / turns,
        "looks for tickets of a turn": requests["looks for tickets"] / turns,
        "memory of host and app": memory,
    }


def longest_pause(asked: Iterable[datetime], ended: datetime) -> timedelta:
    """Return the longest time without a poll, until no ticket was left: of a turn that failed, the poll may be done.

    >>> noon = datetime(2026, 1, 1, 12)
    >>> longest_pause([noon + timedelta(seconds=2), noon], noon + timedelta(minutes=1)).seconds
    58
    """
    return max((after - before for before, after in pairwise([*sorted(asked), ended])), default=timedelta(0))


#: Of the figures that are not plain numbers.
UNITS = {"turns": "a second", PAUSE: "s", COST: "s", "memory of host and app": "MB"}


def _spreads(runs: Sequence[Mapping[str, float]]) -> Figures:
    return {
        name: Spread([run[name] for run in runs], UNITS.get(name, "s" if name.startswith(" ") else ""))
        for name in runs[0]
    }
