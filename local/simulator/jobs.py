"""Simulated jobs: when each started, and how it will end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from local.simulator.apis import Api
from local.simulator.clock import Ending, Plan, stalled

KEPT = 1_000_000  #: beyond that the oldest are dropped, and start anew with the next request


class Refusal(Enum):
    """Why a job has no status."""

    MISSING = auto()
    FORBIDDEN = auto()


@dataclass(frozen=True, slots=True)
class Job:
    """A job with at least one request."""

    plan: Plan
    began: datetime

    def age(self, now: datetime) -> timedelta:
        """Its age."""
        return now - self.began


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

    def __init__(self, length: timedelta) -> None:
        self._length = length
        self._planned: dict[tuple[str, ...], Plan] = {}  #: not yet requested since
        self._begun: dict[tuple[str, ...], Job] = {}

    def find(self, api: Api, ids: Mapping[str, str], now: datetime) -> Job | Refusal:
        """Return a job: any job exists, unless its id says otherwise, and starts with its first request."""
        key = (api.path, *ids.values())
        if key not in self._begun:
            plan = self._planned.pop(key, None) or fate(api, api.job_id(ids), self._length)
            if isinstance(plan, Refusal):
                return plan
            self._begun[key] = Job(plan, now)
            if len(self._begun) > KEPT:
                del self._begun[next(iter(self._begun))]
        return self._begun[key]

    def plan(self, api: Api, ids: Mapping[str, str], length: timedelta | None, ending: Ending | str | None) -> None:
        """Set the length and the ending of a job, or those of its id; it starts with the next request.

        A text instead of an ending is a word that the job keeps for ever.
        """
        key = (api.path, *ids.values())
        plan = plan_of(api, length or self._length, ending) or fate(api, api.job_id(ids), length or self._length)
        self._begun.pop(key, None)
        if isinstance(plan, Plan):
            self._planned[key] = plan


def plan_of(api: Api, length: timedelta, ending: Ending | str | None) -> Plan | None:
    """Return the plan with this ending, or without one; None: the job's id decides."""
    match ending:
        case Ending():
            return Plan(api.words, ending, length)
        case str():
            return stalled(ending)
    return None
