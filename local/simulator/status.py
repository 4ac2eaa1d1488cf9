"""The documents about a job over HTTP, its status first: the same for every API."""

from __future__ import annotations

import hashlib
import json
import re

from aiohttp import web

from local.simulator.apis import Api, Document, View
from local.simulator.call import Answer, Call
from local.simulator.clock import history
from local.simulator.errors import FORBIDDEN, Problem, invalid
from local.simulator.jobs import Job, Refusal


def answer_of(api: Api, document: Document | None = None) -> Answer:
    """The endpoint of one document; None: the status."""
    missing, body_of = (document.missing, document.body) if document else (api.missing, api.body)
    tagged = api.tagged and document is None

    async def answer(call: Call) -> web.Response:
        lacks = [name for name in api.queries if not call.request.query.get(name)]
        if lacks:
            return invalid(lacks[0], f"'{lacks[0]}' is required.").response()
        job = call.world.jobs.find(api, call.ids, call.now)
        if isinstance(job, Refusal):
            return refused(job, missing)
        body = body_of(view_of(call, job))
        if isinstance(body, Problem):
            return body.response()
        text = json.dumps(body)
        etag = {"ETag": _etag(text)} if tagged else {}
        if etag and _knows(call, etag["ETag"]):
            return web.Response(status=304, headers=etag)  # and no body
        return web.json_response(text=text, headers=etag)

    return answer


def refused(refusal: Refusal, missing: Problem) -> web.Response:
    """Return the error for a job that is missing or forbidden."""
    return {Refusal.MISSING: missing, Refusal.FORBIDDEN: FORBIDDEN}[refusal].response()


def view_of(call: Call, job: Job) -> View:
    """Return what the body of the document that the call asks for is made from."""
    return View(
        call.ids,
        job.began,
        tuple(history(job.age(call.now), job.plan)),
        call.url,
        call.origin,
        in_full=_wants_all(call),
        query=call.request.query,
        given=job.given,
    )


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
