"""The details of a Reality Analysis job: what happened to it, beyond its progress.

https://developer.bentley.com/apis/realitydataanalysis/operations/jobs-get
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from local.simulator.apis import REALITY_ANALYSIS
from local.simulator.call import Call
from local.simulator.clock import State, history
from local.simulator.errors import Problem
from local.simulator.jobs import Job, Refusal
from local.simulator.status import refused

PATH = "/realitydataanalysis/jobs/{jobId}"

#: From the page of DELETE, for the same path; the stored pages of GET end before their 404.
MISSING = Problem(404, "JobNotFound", "Requested job is not available.")

#: Members as in the page's schema; all values are unconfirmed, since no example shows any.
ERROR = {
    "code": "OutOfMemory",
    "title": "Out of memory",
    "message": "Tile 17 needs more than {0} GB.",
    "params": ["64"],
}
WARNING = {
    "code": "PhotosIgnored",
    "title": "Photos ignored",
    "message": "{0} photos have no position.",
    "params": ["3"],
}


async def details(call: Call) -> web.Response:
    """Return the details of the job that the progress shows."""
    job = call.world.jobs.find(REALITY_ANALYSIS, call.ids, call.now)
    if isinstance(job, Refusal):
        return refused(job, missing=MISSING)
    return web.json_response(body_of(call.ids["jobId"], job, call.now))


def body_of(job_id: str, job: Job, now: datetime) -> dict[str, Any]:
    """Return the members about the run; the page has more, about inputs and costs."""
    reached = history(job.age(now), job.plan)
    return {
        "job": {
            "id": job_id,
            "type": "objects2D",
            "state": reached[-1].word,
            "executionInformation": _execution(reached, job.began),
        }
    }


def _execution(reached: list[State], began: datetime) -> dict[str, Any]:
    """Unconfirmed: that what has not happened is null, the exit codes, and that a job ends with all its warnings."""
    now = reached[-1]
    started = reached[1].since if len(reached) > 1 else None
    return {
        "submissionDateTime": _instant(began, started),
        "startedDateTime": _instant(began, started),
        "endedDateTime": _instant(began, now.since if now.ended else None),
        "exitCode": int(now.issues) if now.ended else None,
        "estimatedUnits": 2.1,
        "errors": [ERROR] if now.issues else [],
        "warnings": [WARNING] if now.issues else [],
    }


def _instant(began: datetime, age: timedelta | None) -> str | None:
    return None if age is None else f"{began + age:%Y-%m-%dT%H:%M:%SZ}"
