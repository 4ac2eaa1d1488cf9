"""The requests that begin a job, and those that let one go on, over HTTP: the same for every API."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from aiohttp import web

from local.simulator import paths
from local.simulator.apis import Api, Order, Release, Reply, Start, View
from local.simulator.call import Answer, Call
from local.simulator.clock import history
from local.simulator.errors import Problem, invalid
from local.simulator.jobs import Job, Refusal
from local.simulator.status import refused


def begin(api: Api, start: Start) -> Answer:
    """The endpoint of one way to begin a job."""

    async def answer(call: Call) -> web.Response:
        order = Order(call.ids, await _body(call))
        for name in start.needs:
            if name not in order.body:
                return invalid(name, f"'{name}' is required.").response()
        jobs, alone = call.world.jobs, start.alone(order)
        other = jobs.other(api, alone, call.now, ever=start.ever)
        if other and start.other:
            return _response(start.other(_view(call, api, other)))
        given = {**order.ids, **order.body}
        job = jobs.begin(api, start.ids(order), call.now, given=given, keeps=start.keeps(order), alone=alone)
        return _response(start.reply(_view(call, api, job)))

    return answer


def release(api: Api, way: Release) -> Answer:
    """The endpoint of one way to let a waiting job go on."""

    async def answer(call: Call) -> web.Response:
        job = call.world.jobs.find(api, call.ids, call.now)
        if isinstance(job, Refusal):
            return refused(job, api.missing)
        order = Order(call.ids, await _body(call))
        ending = way.ends(order)
        if ending or way.goes_on(order):
            job = call.world.jobs.release(api, job, call.now, ending)
        return _response(way.reply(_view(call, api, job)))

    return answer


async def _body(call: Call) -> dict[str, Any]:
    """Return the JSON object that came; anything else counts as none."""
    try:
        body = json.loads(await call.request.text())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _view(call: Call, api: Api, job: Job) -> View:
    """Return a view whose URL is that of the job's status."""
    path = "/".join(quote(segment, safe="") for segment in paths.fill(api.path, job.ids))
    states = tuple(history(job.age(call.now), job.plan))
    query = {name: str(job.given.get(name, "")) for name in api.queries}
    return View(job.ids, job.began, states, f"{call.origin}/{path}", call.origin, query=query, given=job.given)


def _response(reply: Reply | Problem) -> web.Response:
    if isinstance(reply, Problem):
        return reply.response()
    if reply.body is None:
        return web.Response(status=reply.status, headers=reply.headers)
    return web.json_response(reply.body, status=reply.status, headers=reply.headers)
