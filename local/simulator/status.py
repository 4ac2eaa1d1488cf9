"""The status of a job over HTTP: the same for every API."""

from __future__ import annotations

import hashlib
import json
import re

from aiohttp import web

from local.simulator.apis import Api, View
from local.simulator.call import Answer, Call
from local.simulator.clock import state_at
from local.simulator.errors import FORBIDDEN, Problem
from local.simulator.jobs import Refusal


def status_of(api: Api) -> Answer:
    """The status endpoint of one API."""

    async def status(call: Call) -> web.Response:
        job = call.world.jobs.find(api, call.ids, call.now)
        if isinstance(job, Refusal):
            return refused(job, missing=api.missing)
        state = state_at(job.age(call.now), job.plan)
        view = View(call.ids, job.began, state, call.url, in_full=_wants_all(call))
        body = json.dumps(api.body(view))
        etag = {"ETag": _etag(body)} if api.tagged else {}
        if etag and _knows(call, etag["ETag"]):
            return web.Response(status=304, headers=etag)  # and no body
        return web.json_response(text=body, headers=etag)

    return status


def refused(refusal: Refusal, *, missing: Problem) -> web.Response:
    """Return the error for a job that is missing or forbidden."""
    return {Refusal.MISSING: missing, Refusal.FORBIDDEN: FORBIDDEN}[refusal].response()


def _wants_all(call: Call) -> bool:
    """RFC 7240 §4.2: `return=minimal`, which is the default, or `return=representation`."""
    preferences = ",".join(call.request.headers.getall("Prefer", [])).lower().split(",")
    return "return=representation" in (preference.strip() for preference in preferences)


def _etag(body: str) -> str:
    """Unconfirmed: whether the platform's tags are strong ("...") or weak (W/"..."); ours are strong."""
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:16]}"'


def _knows(call: Call, etag: str) -> bool:
    """If-None-Match holds a list of tags, weakly compared, or `*`: RFC 9110 §13.1.2."""
    known = ",".join(call.request.headers.getall("If-None-Match", []))
    return known.strip() == "*" or etag in re.findall(r'"[^"]*"', known)
