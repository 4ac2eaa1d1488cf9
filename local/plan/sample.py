"""What a sample says of all that it stands for: how far off it may be, and how much more even the whole is."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from local.plan.workload import Jobs

#: Of the normal distribution: 95 of 100 lie within so many standard deviations.
IN_95_OF_100 = 1.96

#: The most of a day's or a week's minutes lies about so many standard deviations above what is usual.
BUSIEST = 3.5


def error(jobs: Jobs, polls: npt.NDArray[np.int64]) -> float:
    """How far the polls of a sample may be off, as a part of them, in 95 of 100 samples.

    A sample has jobs of each length, as many as there ought to be.  So only that counts in which watches differ whose
    jobs are about as long: for each, the next longer one of its API.
    """
    order = np.lexsort((jobs.end - jobs.start, jobs.api))
    apart = np.diff(polls[order])
    variance = float((apart**2).mean()) / 2 if len(apart) else 0.0
    return IN_95_OF_100 * math.sqrt(variance / len(polls)) / float(polls.mean())


def most(peak: float, usual: float, weight: float) -> float:
    """Give the peak of the whole, of a sample's peak and of what is usual in it.

    Chance adds to every peak; but to the whole's, as a part of it, less: by the root of the weight.

    >>> most(60, 50, 1), most(60, 50, 100)
    (60.0, 5100.0)
    """
    deviation = (math.sqrt(BUSIEST**2 + 4 * peak) - BUSIEST) / 2  # of a count, which is the root of what is usual
    chance = min(peak - usual, BUSIEST * deviation)
    return (peak - chance) * weight + chance * math.sqrt(weight)


def limit(requests: float, weight: float) -> int:
    """Give a sample's limit, of the whole's: it is met by chance no more often than the whole's is.

    >>> limit(5000, 1), limit(5000, 100)
    (5000, 72)
    """
    part = requests / weight
    return max(1, round(part + BUSIEST * (math.sqrt(part) - math.sqrt(requests) / weight)))
