"""The simulator's control API, under `/_sim`.

`POST /_sim/jobs` sets the responses of a path, replacing earlier ones:

    {"path": "/schedules/s1/operations/o1", "script": [{"status": 429, "headers": {"retry-after": "2"}}, {"body": ...}]}

scripts the responses to that path in order; the last entry repeats.  `scripts.Entry` lists all members.  Any path can
be scripted, without its query and for all methods; `/logs` is not `/logs/`.  Or, for the status of a job:

    {"path": "/schedules/s1/operations/o1", "clock": {"seconds": 30, "ends": "Failed"}}

makes the job start with the next request, take that long, and end with that status word, whatever its id says.  If a
word has two meanings, like Reporting's `Succeeded`, `"issues": true` chooses; where a second word gives the verdict,
that of Synchronization and Export, it is the second.  A word that a job may keep, like `unsubmitted`, keeps it so.
With `"age": 15` the job has already begun, so many seconds ago.

`"now": true` in a clock makes the job start at once instead.

    {"api": "schedules", "clock": {"seconds": 30, "ends": "Failed"}}

does the same for the next job of an API that is begun over HTTP, and for one more with each such order.  A clock may
come with an `"iTwinId"`, the job's; else it is that of the request, or one for all: see `GET /_sim/webhooks`.

`POST /_sim/webhooks` turns switches, and leaves those that it does not name: see `local/simulator/webhooks/switches.py`

    {"lost": 0.1, "late": 2.5, "doubled": 0.1, "out_of_order": 0.1, "wrongly_signed": 0.1, "before_the_status": 1}

and answers, like `GET /_sim/webhooks`, how all stand.  `{"forbidden": true}`, or `["<iTwin id>"]`, takes away the
permission to manage webhooks, of all iTwins or of these.

`POST /_sim/ended`    `{"path": "/realitydataanalysis/jobs/j1/progress", "iTwinId": "t1"}` sends the event of that job's
                      end now, whatever its status says, scripted or not; answers the number of `messages`
`GET  /_sim/deliveries` what webhooks were sent, attempt by attempt, with the answer; without keys and secrets

`POST /_sim/tokens`   `{"revoke": true}` revokes all tokens; `{"lifetime": 5}` sets the seconds that later ones last
`POST /_sim/limit`    `{"requests": 500, "seconds": 60}`: beyond that the APIs return 429; `{"requests": null}` lifts it
`GET  /_sim/requests` all requests to the platform, in order of arrival, without their secrets
`GET  /_sim/events`   the app's events, as received by the ingestion endpoint
`GET  /_sim/telemetry` the other telemetry: the host's lines, requests and exceptions
`POST /_sim/reset`    clears everything, and restores the limit of the command line
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from local.simulator import paths, routes
from local.simulator.apis import APIS, Api
from local.simulator.apis.values import ITWIN
from local.simulator.clock import Ending
from local.simulator.limit import Limit
from local.simulator.scripts import Entry
from local.simulator.webhooks.switches import Switches
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
    now: bool = False  #: starts at once, not with the next request
    age: Annotated[float, Field(ge=0, le=1_000_000_000)] | None = (
        None  #: seconds; None: it starts with the next request
    )


class JobOrder(Order):
    """`POST /_sim/jobs`."""

    path: Annotated[str, Field(pattern=r"^/[^?#]*$")] | None = None
    api: str | None = None
    script: Annotated[list[Entry], Field(min_length=1)] | None = None
    clock: Clock | None = None
    iTwinId: Annotated[str, Field(min_length=1)] | None = None  # noqa: N815 - the platform's name

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.script is None) == (self.clock is None):
            raise ValueError("give either a script or a clock")
        if (self.path is None) == (self.api is None):
            raise ValueError("give either a path or an api")
        if self.path is None and self.clock is None:
            raise ValueError("give an api a clock")
        if self.api is not None and self.clock and self.clock.now:
            raise ValueError("give a path to a job that is to start now")
        if self.iTwinId is not None and self.clock is None:
            raise ValueError("give an iTwinId together with a clock")
        if self.api is not None and self.clock and self.clock.age is not None:
            raise ValueError("the next job of an api has no age")
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


class EndOrder(Order):
    """`POST /_sim/ended`."""

    path: Annotated[str, Field(pattern=r"^/[^?#]*$")]
    iTwinId: Annotated[str, Field(min_length=1)] | None = None  # noqa: N815


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
    app.router.add_get("/webhooks", _webhooks)
    app.router.add_post("/webhooks", _switch)
    app.router.add_post("/ended", _ended)
    app.router.add_get("/deliveries", _deliveries)
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
        _clock_next(world, order.api or "", order.clock or Clock(), _given(order.iTwinId))
        return web.json_response({})
    path = paths.split(order.path)
    script = routes.same(path)
    if order.script:
        world.scripts.write(script, order.script)
    elif order.clock:
        api, ids = _job(path)
        age = order.clock.age
        began = None if age is None else datetime.now(UTC) - timedelta(seconds=age)
        length, ending = _length(order.clock), _ending(api, order.clock)
        world.jobs.plan(api, ids, length, ending, _given(order.iTwinId), began=began)
        world.scripts.erase(script)
        if order.clock.now:
            world.jobs.find(api, ids, datetime.now(UTC))
    return web.json_response({})


def _clock_next(world: World, name: str, clock: Clock, given: dict[str, Any]) -> None:
    named = {api.name: api for api in APIS if api.starts}
    if name not in named:
        raise OrderError(f"api: jobs of these begin over HTTP: {', '.join(named)}")
    world.jobs.plan_next(named[name], _length(clock), _ending(named[name], clock), given)


def _given(itwin_id: str | None) -> dict[str, Any]:
    return {} if itwin_id is None else {"iTwinId": itwin_id}


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


async def _webhooks(request: web.Request) -> web.Response:
    return web.json_response(_stand(request.app[WORLD]))


async def _switch(request: web.Request) -> web.Response:
    order = Switches.model_validate_json(await request.read())
    world = request.app[WORLD]
    world.sender.switches = world.sender.switches.model_copy(
        update={name: getattr(order, name) for name in order.model_fields_set}
    )
    world.ends.tell_before(timedelta(seconds=world.sender.switches.before_the_status))
    return web.json_response(_stand(world))


def _stand(world: World) -> dict[str, Any]:
    return {"iTwinId": ITWIN, **world.sender.switches.model_dump(mode="json")}


async def _ended(request: web.Request) -> web.Response:
    order = EndOrder.model_validate_json(await request.read())
    world, now = request.app[WORLD], datetime.now(UTC)
    api, ids = _job(paths.split(order.path))
    if api.event is None:
        raise OrderError(f"path: no event tells of the end of jobs of {api.name}")
    job = world.jobs.foresee(api, ids, now)
    job = replace(job, given={**job.given, **_given(order.iTwinId)})
    return web.json_response({"messages": world.tell(api, job, now)})


async def _deliveries(request: web.Request) -> web.Response:
    return web.json_response({"deliveries": [attempt.to_json() for attempt in request.app[WORLD].sender.attempts]})


async def _reset(request: web.Request) -> web.Response:
    request.app[WORLD].forget()
    return web.json_response({})
