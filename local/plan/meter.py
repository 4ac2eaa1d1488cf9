"""What instances are billed for: the seconds in which they run something, and their looks at the queue.

Turns are spread over the instances at random, so that all of these have about as much to do: one of them is followed.
Of a sample it is given as many turns as it would have of all: those, and others between them.  A ticket that a wake-up
fenced off is taken for a turn: it takes less, and wakes an instance as well.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from local.plan.engine import Flown
from local.plan.limits import CPU_PER_TURN, INSTANCE_CPUS, LEAST_ACTIVE_SECONDS
from local.plan.tally import MINUTE, STEP, instances
from local.plan.workload import Floats, Indices

#: Turns nearer to each other than this come in one batch.
TOGETHER = 0.01

#: Of the turns for which one of a sample stands, so many are looked at: then an instance is never idle anyway.
ENOUGH = 20.0


def metered(flown: Flown) -> tuple[float, float]:
    """Give the seconds for which all instances together are billed, and their looks at the queue."""
    there = instances(flown)
    step = (flown.delivered // STEP).astype(np.int64)
    times = _of_one(flown, there[step])
    at = np.clip(times // STEP, 0, len(there) - 1).astype(np.int64)
    rests = _rests(flown.world.queues.max_polling_interval)
    seconds, looks = _followed(times, flown.world.queues.batch_size, rests)
    active = _by_minute(np.bincount(at, weights=seconds, minlength=len(there)) * there)
    turns = _by_minute(np.bincount(step, minlength=len(there)).astype(float))
    worked = turns * flown.world.weight * CPU_PER_TURN / INSTANCE_CPUS
    return float(np.maximum(active, worked).sum()), float((looks * there[at]).sum())


def answering(flown: Flown) -> float:
    """Give the seconds for which an instance is billed that takes starts and events: HTTP has a function group apart.

    Of a sample, each of these stands for others, somewhere before the next one.
    """
    requests = np.concatenate([flown.world.jobs.start[: flown.starts], flown.events])
    weight, gaps = flown.world.weight, np.diff(np.sort(requests))
    if weight == 1:
        return float(np.minimum(gaps, LEAST_ACTIVE_SECONDS).sum()) + LEAST_ACTIVE_SECONDS
    gaps = gaps[gaps > 0]
    return float((gaps * -np.expm1(-weight * LEAST_ACTIVE_SECONDS / gaps)).sum()) + LEAST_ACTIVE_SECONDS


def _by_minute(steps: Floats) -> Floats:
    return np.add.reduceat(steps, np.arange(0, len(steps), MINUTE // STEP))


def _of_one(flown: Flown, instances: Floats) -> Floats:
    """When one of so many instances has turns, in order."""
    rng, weight, grid = np.random.default_rng(flown.world.seed), flown.world.weight, flown.world.grid
    delivered = flown.delivered
    share = np.minimum(weight / instances, ENOUGH)
    often = (share + rng.random(len(share))).astype(np.int64)
    if weight == 1:
        return np.repeat(delivered, often)
    waited = delivered % grid < 1 if grid else np.zeros(len(often), bool)  # tickets come within a second of the grid
    at_once = _more(delivered[~waited], often[~waited], rng)
    points = _more(delivered[waited], often[waited], rng)
    if grid:
        points = points // grid * grid + rng.random(len(points))
    ordered: Floats = np.sort(np.concatenate([at_once, points]))
    return ordered


def _more(times: Floats, often: Indices, rng: np.random.Generator) -> Floats:
    """Give each of these times so often, somewhere between the ones before and after it."""
    places = np.arange(len(times))
    wanted = np.repeat(places, often)
    return np.interp(wanted + rng.uniform(-1, 1, len(wanted)), places, times) if len(times) else times


def _followed(times: Floats, batch_size: int, rests: Floats) -> tuple[Floats, Floats]:
    """Give, for each turn of one instance, the seconds that it is billed for and its looks, up to the next turn.

    A turn is taken to be shorter than the least time that is billed.
    """
    gaps = np.diff(times, append=np.inf)
    looks = np.where(gaps < TOGETHER, 1 / batch_size, np.searchsorted(rests, gaps))
    return np.minimum(gaps, LEAST_ACTIVE_SECONDS), looks


def _rests(longest: timedelta) -> Floats:
    """When, after a batch, an idle listener looks again: at once, and then as local/host/backoff.py says.

    Counted for an hour; then an instance has long gone.

    >>> [round(float(rest), 1) for rest in _rests(timedelta(seconds=2))[:9]]
    [0.0, 0.1, 0.3, 0.6, 1.1, 2.0, 3.7, 5.7, 7.7]
    """
    growth = [0.0, *(0.1 * 2**turn for turn in range(20))]
    first = [0.0, *(min(0.1 + more, longest.total_seconds()) for more in growth)]
    further = [longest.total_seconds()] * int(3600 / longest.total_seconds())
    return np.cumsum([*first, *further])
