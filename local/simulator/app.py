"""The application: records every request, then responds from a script, or as the platform."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aiohttp import web

from local.simulator import control, errors, ingestion, oauth, paths, routes
from local.simulator.apis import Api
from local.simulator.call import Call
from local.simulator.compression import compress
from local.simulator.errors import Problem
from local.simulator.journal import Record, without_secrets
from local.simulator.webhooks.management import Service
from local.simulator.world import WORLD, Settings, World

LARGEST_BODY = 64 * 1024 * 1024


def create_app(
    client_id: str = "service-local",
    client_secret: str = "local-secret",
    token_lifetime: timedelta = timedelta(hours=1),
    job_duration: timedelta = timedelta(seconds=20),
    requests_per_minute: int | None = None,
) -> web.Application:
    """Return the simulated platform at `/`, and its control API at `/_sim`."""
    world = World(
        Settings(
            client_id=client_id,
            client_secret=client_secret,
            token_lifetime=token_lifetime,
            job_duration=job_duration,
            requests_per_minute=requests_per_minute,
        )
    )
    app = web.Application(client_max_size=LARGEST_BODY)
    app.add_subapp("/_sim", control.create_app(world))
    app.router.add_route("*", "/{path:.*}", _platform)
    app[WORLD] = world
    app.on_cleanup.append(_close)
    return app


async def _close(app: web.Application) -> None:
    await app[WORLD].close()


async def _platform(request: web.Request) -> web.Response:
    """Serve any request except those to `/_sim`."""
    path, _, query = request.raw_path.partition("?")
    call = Call(request, request.app[WORLD], datetime.now(UTC), path, query)
    record = Record(call.now, request.method, path, query, without_secrets(request.headers))
    call.world.journal.requests.append(record)
    response = await _answer(call)
    if response is None:
        if request.transport:
            request.transport.close()
        return web.Response()  # never sent
    record.status = response.status
    return response


async def _answer(call: Call) -> web.Response | None:
    """Return the response, or None to drop the connection."""
    path = paths.split(call.path)
    route, ids = routes.find(call.request.method, path)
    api = route.api if route else None

    script = routes.same(path)
    entry = call.world.scripts.upcoming(script)
    needs_token = api is not None if entry is None or entry.auth is None else entry.auth
    turned_away = _turned_away(call, api, needs_token=needs_token)
    if turned_away:
        return turned_away
    if entry:
        call.world.scripts.use_up(script)
        if route and route.path == oauth.TOKEN_PATH:
            oauth.admit_scripted(call.world.tokens, entry.status, entry.body, call.now)
        if route and route.path in ingestion.PATHS:
            await ingestion.track_scripted(call, entry)
        return await entry.play()

    if route is None:
        return errors.UNKNOWN_PATH.response()
    if call.request.method != route.method:
        return errors.OTHER_METHOD.response()
    if route.api and _other_version(call, route.api.version):
        return errors.OTHER_VERSION.response()
    response = await route.answer(replace(call, ids=ids))
    compress(response, ",".join(call.request.headers.getall("Accept-Encoding", [])))
    return response


def _turned_away(call: Call, api: Api | Service | None, *, needs_token: bool) -> web.Response | None:
    """Return a 401 without a valid token, or a 429 beyond the limit; requests without a token do not count."""
    bad_token = _unauthorized(call)
    if bad_token:
        return bad_token.response() if needs_token else None
    return _throttled(call, api) if api else None


def _unauthorized(call: Call) -> Problem | None:
    authorization = call.request.headers.get("Authorization")
    if authorization is None:
        return errors.NO_TOKEN
    scheme, _, token = authorization.partition(" ")
    good = scheme.lower() == "bearer" and call.world.tokens.accept(token, call.now)
    return None if good else errors.BAD_TOKEN


def _throttled(call: Call, api: Api | Service) -> web.Response | None:
    """Return the 429 of https://developer.bentley.com/apis/overview/rate-limits, if this request exceeds the limit.

    The header names are from the page; their values are unconfirmed, except for Application, "client_id".
    """
    wait = call.world.limit.admit(call.now) if call.world.limit else None
    if wait is None:
        return None
    response = api.throttled.response()
    response.headers["Retry-After"] = str(wait)
    response.headers["ITwinPlatform-RateLimited-Tier"] = "Community"
    response.headers["ITwinPlatform-RateLimited-API"] = api.name
    response.headers["ITwinPlatform-RateLimited-Operation"] = f"{call.request.method} {api.path}"
    response.headers["ITwinPlatform-RateLimited-Application"] = call.world.settings.client_id
    return response


def _other_version(call: Call, version: int) -> bool:
    """Return whether the Accept header accepts only other versions."""
    accept = ",".join(call.request.headers.getall("Accept", []))
    versions = re.findall(r"application/vnd\.bentley\.itwin-platform\.v(\d+)\+json", accept)
    return bool(versions) and str(version) not in versions and "*/*" not in accept
