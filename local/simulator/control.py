"""The simulator's control API, under `/_sim`.

`POST /_sim/jobs` sets the responses of a path, replacing earlier ones:

    {"path": "/schedules/s1/operations/o1", "script": [{"status": 429, "headers": {"retry-after": "2"}}, {"body": ...}]}

scripts the responses to that path in order; the last entry repeats.  `scripts.Entry` lists all members.  Any path can
be scripted, without its query and for all methods; `/logs` is not `/logs/`.  Or, for the status of a job:

    {"path": "/schedules/s1/operations/o1", "clock": {"seconds": 30, "ends": "Failed"}}

makes the job start with the next request, take that long, and end with that status word, whatever its id says.  If a
word has two meanings, like Reporting's `Succeeded`, `"issues": true` chooses; where a second word gives the verdict,
that of Synchronization and Export, it is the second.  A word that a job may keep, like `unsubmitted`, keeps it so.

    {"api": "schedules", "clock": {"seconds": 30, "ends": "Failed"}}

does the same for the next job of an API that is begun over HTTP, and for one more with each such order.

`POST /_sim/tokens`   `{"revoke": true}` revokes all tokens; `{"lifetime": 5}` sets the seconds that later ones last
`POST /_sim/limit`    `{"requests": 500, "seconds": 60}`: beyond that the APIs return 429; `{"requests": null}` lifts it
`GET  /_sim/requests` all requests to the platform, in order of arrival, without their secrets
`GET  /_sim/events`   the app's events, as received by the ingestion endpoint
`GET  /_sim/telemetry` the other telemetry: the host's lines, requests and exceptions
`POST /_sim/reset`    clears everything, and restores the limit of the command line
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from local.simulator import paths, routes
from local.simulator.apis import APIS, Api
from local.simulator.clock import Ending
from local.simulator.limit import Limit
from local.simulator.scripts import Entry
from local.simulator.world import WORLD, World

Seconds = Annotated[float, Field(gt=0, le=1_000_000_000)]  # more than 30 years


class OrderError(Exception):
    """An order that is well-formed, but refers to something that does not exist."""


class Order(BaseModel):
    """A request to the control API; unknown members are errors."""

    model_config = ConfigDict(extra="forbid")


class Clock(Order):
    """How a job goes."""

    seconds: Seconds | None = None  #: None: the usual job duration
    ends: str | None = None  #: None, without issues too: as the job's id says
    issues: bool | None = None


class JobOrder(Order):
    """`POST /_sim/jobs`."""

    path: Annotated[str, Field(pattern=r"^/[^?#]*$")] | None = None
    api: str | None = None
    script: Annotated[list[Entry], Field(min_length=1)] | None = None
    clock: Clock | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.script is None) == (self.clock is None):
            raise ValueError("give either a script or a clock")
        if (self.path is None) == (self.api is None):
            raise ValueError("give either a path or an api")
        if self.path is None and self.clock is None:
            raise ValueError("give an api a clock")
        if self.path is not None and paths.split(self.path)[0] == "_sim":
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
    """Return the application at `/_sim`."""
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
    """Report errors in the response."""
    try:
        return await handler(request)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors()]
    except OrderError as error:
        faults = [str(error)]
    return web.json_response({"error": "; ".join(faults)}, status=400)


async def _jobs(request: web.Request) -> web.Response:
    order = JobOrder.model_validate_json(await request.read())
    world = request.app[WORLD]
    if order.path is None:
        _clock_next(world, order.api or "", order.clock or Clock())
        return web.json_response({})
    path = paths.split(order.path)
    script = routes.same(path)
    if order.script:
        world.scripts.write(script, order.script)
    elif order.clock:
        api, ids = _job(path)
        world.jobs.plan(api, ids, _length(order.clock), _ending(api, order.clock))
        world.scripts.erase(script)
    return web.json_response({})


def _clock_next(world: World, name: str, clock: Clock) -> None:
    named = {api.name: api for api in APIS if api.starts}
    if name not in named:
        raise OrderError(f"api: jobs of these begin over HTTP: {', '.join(named)}")
    world.jobs.plan_next(named[name], _length(clock), _ending(named[name], clock))


def _length(clock: Clock) -> timedelta | None:
    return None if clock.seconds is None else timedelta(seconds=clock.seconds)


def _job(path: paths.Segments) -> tuple[Api, dict[str, str]]:
    for api in APIS:
        ids = api.match(path)
        if ids is not None:
            return api, ids
    raise OrderError(f"path: only a job has a clock, and its path is one of {', '.join(api.path for api in APIS)}")


def _ending(api: Api, clock: Clock) -> Ending | str | None:
    """Return an ending, or a word that the job keeps for ever."""
    if clock.ends is None and clock.issues is None:
        return None
    endings = (api.success, *api.endings.values())
    for ending in endings:
        if clock.ends in (None, ending.word, ending.result) and clock.issues in (None, ending.issues):
            return ending
    if clock.ends in api.stalls.values() and clock.issues is None:
        return clock.ends
    known = [*(ending.result or ending.word for ending in endings), *api.stalls.values()]
    raise OrderError(f"clock.ends: {api.name} has {', '.join(dict.fromkeys(known))}")


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
