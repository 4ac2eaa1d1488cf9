"""POST /api/watches: start following remote jobs.  One: 202 with a Location, or 200.  Several: 200, item by item."""

from urllib.parse import urlsplit

import azure.functions as func

from functions.answers import as_kept, batch_response, kept_response, watch_response
from functions.serving import serves
from shared.correlation import read_traceparent
from shared.idempotency import Answer, digest, read_key
from shared.operations import START
from shared.queries import NoQuery
from shared.schemas import BatchRequest, StartRequest, read_start
from shared.wiring import replays, starter

bp = func.Blueprint()


@serves(bp, START)
async def start_watch(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    NoQuery.read(req.url)
    key = read_key(req.headers.get("idempotency-key"))
    body = req.get_body()
    wanted = read_start(body)
    if key is None:
        return await _answer(req, wanted)

    async def make() -> Answer:
        return as_kept(await _answer(req, wanted, digest(key)))

    return kept_response(await replays().once(key, body, make))


async def _answer(req: func.HttpRequest, wanted: StartRequest | BatchRequest, begun_by: str = "") -> func.HttpResponse:
    starts, trace = starter(), read_traceparent(req.headers.get("traceparent"))
    if isinstance(wanted, BatchRequest):
        return batch_response(await starts.start_all(wanted.each(), begun_by, trace))
    done = await starts.start(wanted, begun_by, trace)
    here = urlsplit(req.url)._replace(query="", fragment="").geturl().rstrip("/")  # the query may hold the key
    location = f"{here}/{done.watch.id}"
    return watch_response(done.watch, starts.watcher.now(), 202 if done.begun else 200, Location=location)
