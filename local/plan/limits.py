"""What bounds us: the platform's tiers, and what Azure promises.  As seen on 2026-11-22."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds."""

    requests: int
    span: float


#: By name: https://developer.bentley.com/apis/overview/rate-limits.  That windows are fixed ones, and begin with the
#: first request after the last one ended, is our reading: the page does not say.
TIERS: Mapping[str, Sequence[Limit]] = {
    "community": (Limit(500, 60), Limit(5000, 3600)),
    "standard": (Limit(5000, 60),),
    "none": (),
}

#: Requests a second: https://learn.microsoft.com/azure/storage/queues/scalability-targets.  Tables take 2,000 in each
#: of our 256 partitions, so that they never bound us.
ONE_QUEUE, ONE_ACCOUNT = 2_000, 20_000

#: Flex Consumption bills an instance for the time in which it runs something, and for this long at least.
#: https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#billing
LEAST_ACTIVE_SECONDS = 1.0

#: The smallest instance, in GB and in processors.  The latter from memory of the same page: unconfirmed.
INSTANCE_GB, INSTANCE_CPUS = 0.5, 0.25

#: What Flex Consumption lets an app have at most; the templates set less.
MOST_INSTANCES = 1000

#: Processor seconds of one turn, the host's part included: `python3 -m local bench turns`, on one machine, with its
#: embedded host.  What the real host takes, and how fast Azure's processors are, is unconfirmed.
CPU_PER_TURN = 0.007
