"""How late turns come: from when a watch was due to when the platform was asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from local.bench.ground import SUCCEEDED, Ground, path
from local.bench.spread import Figures, Spread

WITHIN = timedelta(minutes=5)


#: Watches made in a second, at least.
PACE = 40


def lateness(ground: Ground, watches: int, over: timedelta, runs: int, picture: Path) -> Figures:
    """Let watches become due evenly over a time, and look when each is asked for.  The last run is drawn."""
    lates = []
    for run in range(runs):
        due, late = _run(ground, [f"late-{run}-{number}" for number in range(watches)], over)
        lates.append(1000 * late)
    draw(due, late, picture)
    return {
        "turns": Spread([float(len(late)) for late in lates]),
        "earliest": Spread([late.min() for late in lates], "ms"),
        "p50": Spread([float(np.percentile(late, 50)) for late in lates], "ms"),
        "p99": Spread([float(np.percentile(late, 99)) for late in lates], "ms"),
        "latest": Spread([late.max() for late in lates], "ms"),
    }


def _run(ground: Ground, jobs: Sequence[str], over: timedelta) -> tuple[np.ndarray, np.ndarray]:
    """Give, for each job, when its watch was due, counted from the first, and how late it was asked for; in seconds."""
    watches = len(jobs)
    ground.script(jobs, SUCCEEDED)
    making = timedelta(seconds=2 + watches / PACE)
    first = datetime.now(UTC) + making
    dues = [first + over * number / watches for number in range(watches)]
    with ground.host():
        made = ground.make(jobs, dues)
        if datetime.now(UTC) >= first:
            raise TimeoutError(f"{watches} watches could not be made within {making}")
        ground.wait_until_done(WITHIN)
    with ground.parts.behind_the_platform() as platform:
        requests = platform.get("/requests").json()["requests"]
    asked = {request["path"]: datetime.fromisoformat(request["time"]) for request in reversed(requests)}
    due = {path(job): watch.due for job, watch in zip(jobs, made, strict=True)}
    late = np.array([(asked[where] - instant).total_seconds() for where, instant in due.items()])
    return np.array([(instant - first).total_seconds() for instant in due.values()]), late


def draw(due: np.ndarray, late: np.ndarray, picture: Path) -> None:
    """Draw each turn, and how many are how late."""
    from matplotlib.figure import Figure  # noqa: PLC0415 -- it takes its time

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    when, how_many = figure.subplots(1, 2)
    when.plot(due, 1000 * late, ".", markersize=2)
    when.set(xlabel="due, s", ylabel="late, ms", ylim=(0, None))
    how_many.plot(1000 * np.sort(late), np.arange(1, len(late) + 1) / len(late))
    how_many.set(xlabel="late, ms", ylabel="part of all turns", xlim=(0, None), ylim=(0, 1))
    figure.suptitle(f"{len(late):,} turns: begun after they were due")
    figure.savefig(picture, dpi=120)
