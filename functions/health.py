"""GET /api/health: checks that the settings are complete and storage responds."""

import azure.functions as func

from functions.support.answers import json_response
from functions.support.serving import serves
from shared.web import problems
from shared.web.operations import HEALTH
from shared.web.queries import NoQuery
from shared.wiring import settings, storage

bp = func.Blueprint()


@serves(bp, HEALTH)
async def health(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    NoQuery.read(req.url)
    settings()
    if unreachable := await storage().unreachable():
        raise problems.unavailable(
            f"No response from {', '.join(unreachable)}. Check that they exist and that the app has access."
        )
    return json_response({"status": "ok"}, 200, {})
