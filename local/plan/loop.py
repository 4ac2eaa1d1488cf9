"""What the app is compared with: the usual loop, which asks for each job every so often until it has ended."""

from __future__ import annotations

import numpy as np

from local.plan.engine import Flown, World
from local.plan.workload import DAY

#: Seconds.
EVERY = 15.0


def loop(world: World) -> Flown:
    """Ask for each job of a world at its start, and every 15 seconds from then on.  No limit is in the way."""
    jobs, over = world.jobs, world.days * DAY
    until_ended = np.ceil((jobs.end - jobs.start) / EVERY)
    until_over = np.ceil((over - jobs.start) / EVERY)
    running = np.minimum(until_ended, until_over)
    polls = np.where(until_ended < until_over, running + 1, running).astype(np.int64)
    nth = np.arange(polls.sum()) - np.repeat(np.cumsum(polls) - polls, polls)
    times = np.sort(np.repeat(jobs.start, polls) + EVERY * nth)
    return Flown(
        world=world,
        turns=times,
        requests=times,
        ended_at=np.where(until_ended < until_over, jobs.start + EVERY * until_ended, np.nan),
        expired=np.zeros(len(jobs), bool),
        polls=polls,
        starts=len(jobs),
        held=0,
        throttled=0,
        moved=int(np.minimum(running, world.statuses).sum()),
        faulted=0,
    )
