"""GET /api/watches/{id}: shows a watch; `wait` makes it a long poll."""

from datetime import timedelta

import azure.functions as func

from functions.support.answers import answered, watch_response
from functions.support.documents import shown
from functions.support.lookup import found, watch_id
from shared.web.long_poll import until_ended
from shared.web.queries import ReadQuery
from shared.wiring import now, watches


@answered
async def read_watch(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    wait = timedelta(seconds=ReadQuery.read(req.url).wait)
    watch = found(await until_ended(watches(), watch_id(req), wait), req)
    return watch_response(await shown(watch), now())
