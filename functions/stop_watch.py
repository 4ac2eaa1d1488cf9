"""DELETE /api/watches/{id}: stops a watch.  A no-op if it has ended."""

import azure.functions as func

from functions.support.answers import answered, watch_response
from functions.support.documents import shown
from functions.support.lookup import found, watch_id
from shared.web.queries import NoQuery
from shared.wiring import now, stopper


@answered
async def stop_watch(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    NoQuery.read(req.url)
    watch = found(await stopper().stop(watch_id(req)), req)
    return watch_response(await shown(watch), now())
