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

#: The smallest instance, in GB and in processors: https://github.com/Azure/azure-rest-api-specs/pull/40898.
INSTANCE_GB, INSTANCE_CPUS = 0.5, 0.25

#: What Flex Consumption allows for each function group at most; the template sets less.
MOST_INSTANCES = 1000

#: Processor seconds of one turn, of Microsoft's worker with our code and gRPC and of Microsoft's host, the part of a
#: start included that falls to one of five turns: 12 and 3.6 for 1,000 polls, on 2026-11-26, host 4.1037.0 and worker
#: 4.34.0 on two cores (docs/benchmarks.md).  `python3 -m local bench turns` has neither gRPC nor that host: it
#: finds 0.008.  How fast Azure's processors are is unconfirmed.
WORKER_CPU, HOST_CPU = 0.012, 0.0036
CPU_PER_TURN = WORKER_CPU + HOST_CPU
