"""Simulated jobs: when each started, and how it will end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from local.simulator.apis import Api
from local.simulator.apis.values import ITWIN
from local.simulator.clock import Ending, Plan, stalled, state_at

KEPT = 1_000_000  #: beyond that the oldest are dropped, and start anew with the next request

Key = tuple[str, ...]
Given = Mapping[str, Any]


class Refusal(Enum):
    """Why a job has no status."""

    MISSING = auto()
    FORBIDDEN = auto()


@dataclass(frozen=True, slots=True)
class Job:
    """A job with at least one request."""

    ids: Mapping[str, str]
    plan: Plan
    began: datetime
    given: Mapping[str, Any] = field(default_factory=dict)  #: by the request that began it, if one did
    later: Plan | None = None  #: how it goes once its user lets it

    def age(self, now: datetime) -> timedelta:
        """Its age."""
        return now - self.began

    @property
    def ends(self) -> datetime | None:
        """When it ends; None: never."""
        return self.began + self.plan.length if self.plan.ending else None

    @property
    def itwin_id(self) -> str:
        """The iTwin that it belongs to."""
        return str(self.ids.get("iTwinId") or self.given.get("iTwinId") or ITWIN)


def fate(api: Api, job_id: str, length: timedelta) -> Plan | Refusal:
    """Read the words inside a job id, in the order of the table in `local/simulator/__init__.py`."""
    said = job_id.lower()
    for word, ending in api.endings.items():
        if word in said:
            return Plan(api.words, ending, length)
    for word, kept in api.stalls.items():
        if word in said:
            return stalled(kept)
    if "forever" in said:
        return Plan(api.words, None, length)
    if "missing" in said:
        return Refusal.MISSING
    if "forbidden" in said:
        return Refusal.FORBIDDEN
    return Plan(api.words, api.success, length)


class Jobs:
    """All jobs, each known by the path of its API and its ids."""

    def __init__(self, length: timedelta, begun: Callable[[Api, Job], None] = lambda *_: None) -> None:
        """`begun` is told of each job that begins, or goes on."""
        self._length, self._tell = length, begun
        self._planned: dict[Key, tuple[Plan, Given]] = {}  #: not yet requested since
        self._next: dict[str, deque[tuple[Plan, Given]]] = {}  #: for jobs begun over HTTP, by the API's name
        self._begun: dict[Key, Job] = {}
        self._alone: dict[Key, Key] = {}  #: the last job of those that may not be under way together

    def find(self, api: Api, ids: Mapping[str, str], now: datetime) -> Job | Refusal:
        """Return a job: any job exists, unless its id says otherwise, and starts with its first request."""
        key = (api.path, *ids.values())
        if key not in self._begun:
            plan, given = self._planned.pop(key, None) or (fate(api, api.job_id(ids), self._length), {})
            if isinstance(plan, Refusal):
                return plan
            self._keep(api, key, Job(ids, plan, now, given))
        return self._begun[key]

    def holds(self, api: Api, job: Job) -> bool:
        """Return whether the job goes as it did."""
        return self._begun.get((api.path, *job.ids.values())) is job

    def foresee(self, api: Api, ids: Mapping[str, str], now: datetime) -> Job:
        """Return the job as it will have ended; one that never would, or does not exist, succeeds."""
        key = (api.path, *ids.values())
        plan, given = self._planned.get(key) or (fate(api, api.job_id(ids), self._length), {})
        job = self._begun.get(key)
        if job is None:
            job = Job(ids, plan if isinstance(plan, Plan) else stalled(""), now, given)
        return job if job.plan.ending else replace(job, plan=Plan(api.words, api.success, self._length))

    def plan(
        self,
        api: Api,
        ids: Mapping[str, str],
        length: timedelta | None,
        ending: Ending | str | None,
        given: Given | None = None,
        *,
        began: datetime | None = None,
    ) -> None:
        """Set the length and the ending of a job, or those of its id; it starts with the next request, or has begun.

        A text instead of an ending is a word that the job keeps for ever.
        """
        key = (api.path, *ids.values())
        plan = plan_of(api, length or self._length, ending) or fate(api, api.job_id(ids), length or self._length)
        self._begun.pop(key, None)
        if isinstance(plan, Plan) and began:
            self._keep(api, key, Job(ids, plan, began, given or {}))
        elif isinstance(plan, Plan):
            self._planned[key] = plan, given or {}

    def plan_next(
        self, api: Api, length: timedelta | None, ending: Ending | str | None, given: Given | None = None
    ) -> None:
        """Set the length and the ending of the next job that is begun over HTTP, after those already set."""
        plan = plan_of(api, length or self._length, ending or api.success)
        if plan:
            self._next.setdefault(api.name, deque()).append((plan, given or {}))

    def begin(
        self,
        api: Api,
        ids: Mapping[str, str],
        now: datetime,
        *,
        given: Mapping[str, Any],
        keeps: str | None = None,
        alone: tuple[str, ...] | None = None,
    ) -> Job:
        """Begin a job, which succeeds unless a plan says otherwise; it may wait at a word for its user."""
        key = (api.path, *ids.values())
        planned = self._next.get(api.name)
        plan, more = planned.popleft() if planned else (Plan(api.words, api.success, self._length), {})
        given = {**given, **more}
        job = Job(ids, stalled(keeps), now, given, later=plan) if keeps else Job(ids, plan, now, given)
        self._keep(api, key, job)
        if alone is not None:
            self._alone[api.path, *alone] = key
            if len(self._alone) > KEPT:
                del self._alone[next(iter(self._alone))]
        return job

    def other(self, api: Api, alone: tuple[str, ...] | None, now: datetime, *, ever: bool) -> Job | None:
        """Return the job that another one may not be under way with, or may not come after."""
        key = None if alone is None else self._alone.get((api.path, *alone))
        job = self._begun.get(key) if key else None
        return job if job and (ever or not state_at(job.age(now), job.plan).ended) else None

    def release(self, api: Api, job: Job, now: datetime, ending: Ending | None = None) -> Job:
        """Let a job go on that waits at its first word, or end it; any other stays as it is."""
        state = state_at(job.age(now), job.plan)
        if ending and not state.ended:
            released = Job(job.ids, Plan(api.words[-1:], ending, now - job.began), job.began, job.given)
        elif state.word in api.stalls.values():
            plan = job.later or (job.plan if job.plan.ending else Plan(api.words, api.success, self._length))
            words = tuple(word for word in plan.words if word != state.word)
            released = replace(job, plan=replace(plan, words=words), began=now)
        else:
            return job
        self._keep(api, (api.path, *job.ids.values()), released)
        return released

    def _keep(self, api: Api, key: Key, job: Job) -> None:
        self._begun[key] = job
        self._tell(api, job)
        if len(self._begun) > KEPT:
            del self._begun[next(iter(self._begun))]


def plan_of(api: Api, length: timedelta, ending: Ending | str | None) -> Plan | None:
    """Return the plan with this ending, or without one; None: the job's id decides."""
    match ending:
        case Ending():
            return Plan(api.words, ending, length)
        case str():
            return stalled(ending)
    return None
