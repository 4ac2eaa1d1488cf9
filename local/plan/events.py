"""Which jobs' ends the platform tells of by an event, and when that arrives.

No page says how soon iTwin webhooks send, how many of their events are lost, or whether one may overtake the status of
its job.  What stands here is ours, to be replaced by what you see of your own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from local.plan.workload import Floats, Jobs
from shared.apis import APIS
from shared.core.remote import RemoteApi

#: Seconds by which an early event comes before the status of its job says that it has ended.
EARLY_BY = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """How the platform tells of ends.  Each part is one of what is left by those before it."""

    told: float = 0.0  #: part of the jobs whose API has an event: those of iTwins with a webhook
    lost: float = 0.01  #: part of their events that never come
    early: float = 0.01  #: part of those that come, which do so before the status knows
    after: float = 1.0  #: seconds from the end of a job to all other events

    def arrive(self, apis: Sequence[RemoteApi], jobs: Jobs, rng: np.random.Generator) -> Floats:
        """Give the second at which each job's event arrives; not a number where none does."""
        comes = np.array([api.event is not None for api in apis])[jobs.api]
        comes &= rng.random(len(jobs)) < self.told
        comes &= rng.random(len(jobs)) >= self.lost
        early = rng.random(len(jobs)) < self.early
        at = np.where(early, np.maximum(jobs.start, jobs.end - EARLY_BY), jobs.end + self.after)
        return np.where(comes, at, np.nan)


def loads(api: RemoteApi) -> int:
    """Count the rows that an event of this API is looked for in: one for each API that has events of its type.

    >>> loads(APIS["transformations"]), loads(APIS["reality-analysis"]), loads(APIS["schedules"])
    (1, 2, 0)
    """
    types = api.event.types if api.event else ()
    return sum(bool(other.event and {*types} & {*other.event.types}) for other in APIS.values())
