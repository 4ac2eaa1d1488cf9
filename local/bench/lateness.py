"""The lateness of turns: from the due time to the poll."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from local.bench.ground import SUCCEEDED, Ground, path
from local.bench.spread import Figures, Spread
from shared.core.model import Watch

WITHIN = timedelta(minutes=5)

#: Estimated time to create watches: a start-up time, then a rate per second.
PACE = 40
FIRST = timedelta(seconds=2)


def lateness(ground: Ground, watches: int, over: timedelta, runs: int, picture: Path) -> Figures:
    """Let watches become due evenly over a time, and measure when each polls.  Draws the last run."""
    lates = []
    for run in range(runs):
        due, late = _run(ground, f"late-{run}", watches, over)
        lates.append(1000 * late)
    draw(due, late, picture)
    return {
        "turns": Spread([float(len(late)) for late in lates]),
        "earliest": Spread([late.min() for late in lates], "ms"),
        "p50": Spread([float(np.percentile(late, 50)) for late in lates], "ms"),
        "p99": Spread([float(np.percentile(late, 99)) for late in lates], "ms"),
        "latest": Spread([late.max() for late in lates], "ms"),
    }


def _run(ground: Ground, name: str, watches: int, over: timedelta) -> tuple[np.ndarray, np.ndarray]:
    """Return per watch when it was due, relative to the first, and how late it polled, in seconds."""
    with ground.host():
        made = made_asleep(ground, name, watches, over, FIRST + timedelta(seconds=watches / PACE))
        ground.wait_until_done(WITHIN)
    asked = {request["path"]: datetime.fromisoformat(request["time"]) for request in reversed(ground.requests())}
    due = np.array([(watch.due - made[0].due).total_seconds() for watch in made])
    late = np.array([(asked[path(watch.job["jobId"])] - watch.due).total_seconds() for watch in made])
    return due, late


def made_asleep(ground: Ground, name: str, watches: int, over: timedelta, making: timedelta) -> list[Watch]:
    """Create watches that become due one by one, the first after all were created, which takes about `making`.

    If it takes longer, some become due too early to be useful.  Then all are discarded, and others are created with
    twice the time.
    """
    while True:
        jobs = [f"{name}-{making.total_seconds():g}-{number}" for number in range(watches)]
        ground.script(jobs, SUCCEEDED)
        first = datetime.now(UTC) + making
        made = ground.make(jobs, [first + over * number / watches for number in range(watches)])
        if datetime.now(UTC) < first:
            return made
        ground.wait_until_done(WITHIN)
        making *= 2


def draw(due: np.ndarray, late: np.ndarray, picture: Path) -> None:
    """Draw each turn, and a histogram of lateness."""
    from matplotlib.figure import Figure  # noqa: PLC0415 -- slow to import

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    when, how_many = figure.subplots(1, 2)
    when.plot(due, 1000 * late, ".", markersize=2)
    when.set(xlabel="due, s", ylabel="late, ms", ylim=(0, None))
    how_many.plot(1000 * np.sort(late), np.arange(1, len(late) + 1) / len(late))
    how_many.set(xlabel="late, ms", ylabel="part of all turns", xlim=(0, None), ylim=(0, 1))
    figure.suptitle(f"{len(late):,} turns: begun after they were due")
    figure.savefig(picture, dpi=120)
