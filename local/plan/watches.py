"""Many watches at once, and what `shared.core.decide` makes of what they see.

A million watches take too many turns to call `decide` for each.  What it says of a running job depends on few things:
for how many turns the job has not moved, and the draw, with which a delay grows evenly.  So `decide` itself is asked
once for each of these, with the draw at both ends, and its answers are looked up; the few rules around them are here.
`tests/unit/test_plan_watches.py` holds this to `decide` and `advance` turn by turn, over random histories.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from local.plan.workload import Flags, Floats, Indices, Jobs
from shared.core.decide import ENOUGH_ATTEMPTS, LONGEST_EVIDENCE_WAIT, decide
from shared.core.model import Report, RequeueAfter, Watch
from shared.core.remote import RemoteApi
from shared.core.schedule import SOONEST

#: Second 0 of a plan.
BEGINNING = datetime(2026, 1, 5, tzinfo=UTC)

NO_PROGRESS = -1


class Watches:
    """The fields of `Watch` that decide its future, an array each."""

    def __init__(self, apis: Sequence[RemoteApi], jobs: Jobs) -> None:
        count = len(jobs)
        lifetimes = np.array([api.lifetime.total_seconds() for api in apis])
        self.api = jobs.api
        self.deadline: Floats = jobs.start + lifetimes[jobs.api]
        self.due: Floats = jobs.start.copy()
        self.not_before: Floats = jobs.start.copy()
        self.ended_at: Floats = np.full(count, np.nan)
        self.expired: Flags = np.zeros(count, bool)
        self.wants_evidence: Flags = np.zeros(count, bool)  #: the job has ended, and the next turn asks why
        self.progress: npt.NDArray[np.int16] = np.full(count, NO_PROGRESS, np.int16)
        self.waits: npt.NDArray[np.int16] = np.zeros(count, np.int16)
        self.faults_in_a_row: npt.NDArray[np.int16] = np.zeros(count, np.int16)
        self.polls: npt.NDArray[np.int32] = np.zeros(count, np.int32)
        self._says_progress = np.array([bool(api.progress_at) for api in apis])
        self._has_document = np.array([api.evidence is not None and bool(api.evidence.path) for api in apis])
        self._running = _running(apis)

    def report_running(self, who: Indices, now: Floats, percent: Floats, draw: Floats, spacing: Floats) -> Floats:
        """Take in that these jobs run; gives the delays to their next turns, 0 for those that expired."""
        percent = np.where(self._says_progress[self.api[who]], percent, self.progress[who])
        moved = percent != self.progress[who]
        waits = np.where(moved, 0, self.waits[who])
        self.progress[who] = percent
        self.waits[who] = np.minimum(waits + 1, np.iinfo(np.int16).max - 1)
        self.faults_in_a_row[who] = 0
        self.polls[who] += 1
        base, more = self._running[:, self.api[who], np.minimum(waits, self._running.shape[2] - 1)]
        return self._requeue(who, now, np.maximum(base + more * draw, spacing))

    def report_ended(self, who: Indices, now: Floats, clean: Flags) -> Indices:
        """Take in that these jobs have ended; gives those that first ask why, at once."""
        self.polls[who] += 1
        self.faults_in_a_row[who] = 0
        asking = ~clean & self._has_document[self.api[who]]
        self.wants_evidence[who[asking]] = True
        self.ended_at[who[~asking]] = now[~asking]
        first: Indices = who[asking]
        return first

    def learn_why(self, who: Indices, now: Floats) -> None:
        """Take in the one page that says why; the watch has ended."""
        self.ended_at[who] = now

    def throttle(self, who: Indices, now: Floats, told: Floats, draw: Floats, spacing: Floats) -> Floats:
        """Take in a 429 that says when to come back; gives the delays, 0 for those that ended."""
        self.polls[who] += ~self.wants_evidence[who]
        self.faults_in_a_row[who] += 1
        self.not_before[who] = now + told
        wait = np.maximum(told, SOONEST.total_seconds()) + spacing * draw
        gives_up = self.faults_in_a_row[who] >= ENOUGH_ATTEMPTS
        return self._requeue(who, now, wait, gives_up)

    def hold(self, who: Indices, now: Floats, until: Floats) -> Floats:
        """Let these wait until then without asking; gives the delays, 0 for those that ended."""
        return self._requeue(who, now, until - now)

    def _requeue(self, who: Indices, now: Floats, wait: Floats, gives_up: Flags | None = None) -> Floats:
        left = self.deadline[who] - now
        asking = self.wants_evidence[who]
        too_long = (wait > LONGEST_EVIDENCE_WAIT.total_seconds()) | (wait > left)
        ends = np.where(asking, too_long if gives_up is None else too_long | gives_up, left <= 0)
        self.ended_at[who[ends]] = now[ends]
        self.expired[who[ends & ~asking]] = True
        return np.where(ends, 0.0, np.where(asking, wait, np.minimum(wait, left)))


def _running(apis: Sequence[RemoteApi]) -> Floats:
    """Ask `decide` itself: by API and turn, the delay at draw 0, and by how much it grows up to draw 1."""
    turns = range(max(len(api.polling.delays) for api in apis))
    at_0, at_1 = (np.array([[_delay(api, turn, draw) for turn in turns] for api in apis]) for draw in (0.0, 1.0))
    return np.stack([at_0, at_1 - at_0])


def _delay(api: RemoteApi, waits: int, draw: float) -> float:
    watch = Watch(
        id="",
        api=api.name,
        job={},
        started_at=BEGINNING,
        deadline=BEGINNING + timedelta(days=365),
        due=BEGINNING,
        not_before=BEGINNING,
        waits=waits,
    )
    decision = decide(watch, Report(), api, BEGINNING, draw, spacing=timedelta(0))
    if not isinstance(decision, RequeueAfter):
        raise TypeError(f"a watch of {api.name} ends though its job runs")
    return decision.delay.total_seconds()
