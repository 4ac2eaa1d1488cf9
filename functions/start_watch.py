"""POST /api/watches: start following a remote job.  202 with a Location; for a job already followed, 200."""

from urllib.parse import urlsplit

import azure.functions as func

from functions.answers import answered, watch_response
from shared.schemas import StartRequest
from shared.wiring import settings, watcher

bp = func.Blueprint()


@bp.route(route="watches", methods=["POST"])
@answered
async def start_watch(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    wanted = StartRequest.read(req.get_body())
    api, job = wanted.target(settings().api_url)
    w = watcher()
    watch, begun = await w.start(api, job, wanted.deadline_from(w.now()), wanted.labels)
    here = urlsplit(req.url)._replace(query="", fragment="").geturl().rstrip("/")  # the query may hold the key
    return watch_response(watch, w.now(), 202 if begun else 200, Location=f"{here}/{watch.id}")
