"""POST /api/watches: starts watches.  One: 202 with a Location, or 200.  A batch: 200, with the result of each item."""

import azure.functions as func

from functions.support.answers import answered, batch_response, watch_response
from functions.support.documents import all_started, shown, status_of
from shared.core.trace import read_traceparent
from shared.web.headers import public_url, read_idempotency_key
from shared.web.queries import NoQuery
from shared.web.requests import BatchRequest, read_start
from shared.wiring import intake, now


@answered
async def start_watch(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    NoQuery.read(req.url)
    begun_by = read_idempotency_key(req.headers.get("idempotency-key"))
    wanted = read_start(req.get_body())
    trace = read_traceparent(req.headers.get("traceparent"))
    if isinstance(wanted, BatchRequest):
        return batch_response(await all_started(await intake().start_all(wanted.each(), begun_by, trace)))
    done = await intake().start(wanted, begun_by, trace)
    location = f"{public_url(req.url, req.headers).rstrip('/')}/{done.watch.id}"
    return watch_response(await shown(done.watch), now(), status_of(done), Location=location)
