"""The application: every request is noted, then answered from a script, or by the platform."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aiohttp import web

from local.simulator import control, errors, ingestion, oauth, paths, routes
from local.simulator.call import Call
from local.simulator.errors import Problem
from local.simulator.journal import Record, without_secrets
from local.simulator.world import WORLD, Settings, World

LARGEST_BODY = 64 * 1024 * 1024


def create_app(
    client_id: str = "service-local",
    client_secret: str = "local-secret",
    token_lifetime: timedelta = timedelta(hours=1),
    job_duration: timedelta = timedelta(seconds=20),
) -> web.Application:
    """The simulated platform at `/`, and what tests ask of it at `/_sim`."""
    world = World(
        Settings(
            client_id=client_id, client_secret=client_secret, token_lifetime=token_lifetime, job_duration=job_duration
        )
    )
    app = web.Application(client_max_size=LARGEST_BODY)
    app.add_subapp("/_sim", control.create_app(world))
    app.router.add_route("*", "/{path:.*}", _platform)
    app[WORLD] = world
    return app


async def _platform(request: web.Request) -> web.Response:
    """Any request but those to `/_sim`."""
    path, _, query = request.raw_path.partition("?")
    call = Call(request, request.app[WORLD], datetime.now(UTC), path, query)
    record = Record(call.now, request.method, path, query, without_secrets(request.headers))
    call.world.journal.requests.append(record)
    response = await _answer(call)
    if response is None:
        if request.transport:
            request.transport.close()
        return web.Response()  # which nobody will see
    record.status = response.status
    return response


async def _answer(call: Call) -> web.Response | None:
    """None to drop the connection."""
    path = paths.split(call.path)
    route, ids = routes.find(path)
    is_api = route is not None and route.version is not None

    entry = call.world.scripts.upcoming(path)
    if entry:
        needs_token = is_api if entry.auth is None else entry.auth
        problem = _unauthorized(call) if needs_token else None
        if problem:
            return problem.response()
        call.world.scripts.use_up(path)
        if route and route.path == oauth.TOKEN_PATH:
            oauth.admit_scripted(call.world.tokens, entry.status, entry.body, call.now)
        if route and route.path in ingestion.PATHS and entry.accepts:
            await ingestion.track(call)
        return await entry.play()

    if route is None:
        return errors.UNKNOWN_PATH.response()
    if call.request.method != route.method:
        return errors.OTHER_METHOD.response()
    if route.version is not None:
        problem = _unauthorized(call) or _unacceptable(call, route.version)
        if problem:
            return problem.response()
    return await route.answer(replace(call, ids=ids))


def _unauthorized(call: Call) -> Problem | None:
    authorization = call.request.headers.get("Authorization")
    if authorization is None:
        return errors.NO_TOKEN
    scheme, _, token = authorization.partition(" ")
    good = scheme.lower() == "bearer" and call.world.tokens.accept(token, call.now)
    return None if good else errors.BAD_TOKEN


def _unacceptable(call: Call, version: int) -> Problem | None:
    """Only an Accept header that asks for other versions, and for nothing else, is refused."""
    accept = ",".join(call.request.headers.getall("Accept", []))
    versions = re.findall(r"application/vnd\.bentley\.itwin-platform\.v(\d+)\+json", accept)
    return errors.OTHER_VERSION if versions and str(version) not in versions and "*/*" not in accept else None
