"""POST /api/events: an event of the platform wakes the watch of its job.  OPTIONS: the handshake of CloudEvents.

One function, so that one key of its own opens both.
"""

import azure.functions as func

from functions.support.answers import answered, json_response
from shared.web.handshake import permission
from shared.wiring import receiver


@answered
async def receive_event(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    if req.method == "OPTIONS":
        if off := receiver().off:
            raise off
        return json_response({}, 200, permission(req.headers))
    result = await receiver().receive(req.get_body(), req.headers.get("signature"))
    return json_response({"result": result}, 200, {})
