"""GET and DELETE /api/watches/{id}: how a watch stands, and stopping it.  GET /api/health: whether the app can work."""

from datetime import timedelta
from uuid import UUID

import azure.functions as func

from functions.answers import json_response, watch_response
from functions.serving import serves
from shared import problems
from shared.model import Watch
from shared.operations import HEALTH, READ, STOP
from shared.queries import NoQuery, ReadQuery
from shared.waiting import until_ended
from shared.wiring import settings, storage, watcher

bp = func.Blueprint()


@serves(bp, READ)
async def read_watch(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    w = watcher()
    wait = timedelta(seconds=ReadQuery.read(req.url).wait)
    return watch_response(_found(await until_ended(w.store, _watch_id(req), wait), req), w.now())


@serves(bp, STOP)
async def stop_watch(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    NoQuery.read(req.url)
    w = watcher()
    return watch_response(_found(await w.stop(_watch_id(req)), req), w.now())


@serves(bp, HEALTH)
async def health(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    NoQuery.read(req.url)
    settings()
    if unreachable := await storage().unreachable():
        raise problems.unavailable(f"No answer from {', '.join(unreachable)}. Do they exist, and may the app use them?")
    return json_response({"status": "ok"}, 200, {})


def _watch_id(req: func.HttpRequest) -> str:
    try:
        return str(UUID(req.route_params["id"]))
    except ValueError:  # not looked up: not every text can be a key
        raise problems.unknown_watch(req.route_params["id"]) from None


def _found(watch: Watch | None, req: func.HttpRequest) -> Watch:
    if watch is None:
        raise problems.unknown_watch(req.route_params["id"])
    return watch
