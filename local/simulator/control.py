"""What a test may ask of the simulator itself, under `/_sim`.

`POST /_sim/jobs` decides what a path answers from now on, in place of what was decided before:

    {"path": "/schedules/s1/operations/o1", "script": [{"status": 429, "headers": {"retry-after": "2"}}, {"body": ...}]}

answers that path's requests in order, the last entry repeating; `scripts.Entry` has all members.  Any path may be
scripted; it is given without query, and `/logs` is not `/logs/`.  Or, for the status of a job:

    {"path": "/schedules/s1/operations/o1", "clock": {"seconds": 30, "ends": "Failed"}}

lets the job begin when it is next asked about, take that long, and end with that word of its API, whatever its id says.
Where a word has two meanings, as Reporting's `Succeeded` has, `"issues": true` chooses.

`POST /_sim/tokens`   `{"revoke": true}` ends all tokens at once; `{"lifetime": 5}`, in seconds, is for later ones
`POST /_sim/limit`    `{"requests": 500, "seconds": 60}`: beyond that the APIs answer 429; `{"requests": null}` lifts it
`GET  /_sim/requests` all requests to the platform, in order of arrival, without their secrets
`GET  /_sim/events`   the app's events, as the ingestion endpoint got them
`GET  /_sim/telemetry` what else it got: the host's lines, requests and exceptions
`POST /_sim/reset`    forgets everything, and goes back to the limit that the program was started with
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from local.simulator import paths
from local.simulator.apis import APIS, Api
from local.simulator.clock import Ending
from local.simulator.limit import Limit
from local.simulator.scripts import Entry
from local.simulator.world import WORLD, World

Seconds = Annotated[float, Field(gt=0, le=1_000_000_000)]  # more than 30 years


class OrderError(Exception):
    """An order that is well formed, and asks for what there is not."""


class Order(BaseModel):
    """A request to the simulator; members it does not know are mistakes."""

    model_config = ConfigDict(extra="forbid")


class Clock(Order):
    """How a job goes."""

    seconds: Seconds | None = None  #: None: as long as jobs usually take
    ends: str | None = None  #: None, and no issues either: as the job's id says
    issues: bool | None = None


class JobOrder(Order):
    """`POST /_sim/jobs`."""

    path: Annotated[str, Field(pattern=r"^/[^?#]*$")]
    script: Annotated[list[Entry], Field(min_length=1)] | None = None
    clock: Clock | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.script is None) == (self.clock is None):
            raise ValueError("give either a script or a clock")
        if paths.split(self.path)[0] == "_sim":
            raise ValueError("paths under /_sim cannot be scripted")
        return self


class TokenOrder(Order):
    """`POST /_sim/tokens`."""

    revoke: bool = False
    lifetime: Seconds | None = None

    @model_validator(mode="after")
    def _not_nothing(self) -> Self:
        if not self.revoke and self.lifetime is None:
            raise ValueError("give revoke, lifetime or both")
        return self


class LimitOrder(Order):
    """`POST /_sim/limit`."""

    requests: Annotated[int, Field(ge=0)] | None
    seconds: Seconds = 60


def create_app(world: World) -> web.Application:
    """What is served under `/_sim`."""
    app = web.Application(middlewares=[_explain])
    app[WORLD] = world
    app.router.add_post("/jobs", _jobs)
    app.router.add_post("/tokens", _tokens)
    app.router.add_post("/limit", _limit)
    app.router.add_get("/requests", _requests)
    app.router.add_get("/events", _events)
    app.router.add_get("/telemetry", _telemetry)
    app.router.add_post("/reset", _reset)
    return app


@web.middleware
async def _explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What is wrong with an order is said in its answer."""
    try:
        return await handler(request)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors()]
    except OrderError as error:
        faults = [str(error)]
    return web.json_response({"error": "; ".join(faults)}, status=400)


async def _jobs(request: web.Request) -> web.Response:
    order = JobOrder.model_validate_json(await request.read())
    world, path = request.app[WORLD], paths.split(order.path)
    if order.script:
        world.scripts.write(path, order.script)
    elif order.clock:
        api, ids = _job(path)
        length = None if order.clock.seconds is None else timedelta(seconds=order.clock.seconds)
        world.jobs.plan(api, ids, length, _ending(api, order.clock))
        world.scripts.erase(path)
    return web.json_response({})


def _job(path: paths.Segments) -> tuple[Api, dict[str, str]]:
    for api in APIS:
        ids = paths.match(api.path, path)
        if ids is not None:
            return api, ids
    raise OrderError(f"path: only a job has a clock, and its path is one of {', '.join(api.path for api in APIS)}")


def _ending(api: Api, clock: Clock) -> Ending | None:
    if clock.ends is None and clock.issues is None:
        return None
    endings = (api.success, *api.endings.values())
    for ending in endings:
        if clock.ends in (None, ending.word) and clock.issues in (None, ending.issues):
            return ending
    raise OrderError(f"clock.ends: {api.name} has {', '.join(dict.fromkeys(ending.word for ending in endings))}")


async def _tokens(request: web.Request) -> web.Response:
    order = TokenOrder.model_validate_json(await request.read())
    tokens = request.app[WORLD].tokens
    if order.revoke:
        tokens.revoke_all()
    if order.lifetime is not None:
        tokens.lifetime = timedelta(seconds=order.lifetime)
    return web.json_response({})


async def _limit(request: web.Request) -> web.Response:
    order = LimitOrder.model_validate_json(await request.read())
    seconds = timedelta(seconds=order.seconds)
    request.app[WORLD].limit = None if order.requests is None else Limit(order.requests, seconds)
    return web.json_response({})


async def _requests(request: web.Request) -> web.Response:
    return web.json_response({"requests": [record.to_json() for record in request.app[WORLD].journal.requests]})


async def _events(request: web.Request) -> web.Response:
    return web.json_response({"events": list(request.app[WORLD].journal.events)})


async def _telemetry(request: web.Request) -> web.Response:
    return web.json_response({"telemetry": list(request.app[WORLD].journal.telemetry)})


async def _reset(request: web.Request) -> web.Response:
    request.app[WORLD].forget()
    return web.json_response({})
