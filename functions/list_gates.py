"""GET /api/gates: at what rate each API is asked now, and why."""

import azure.functions as func

from functions.support.answers import answered, json_response
from shared.web.gate_document import GatesDocument
from shared.web.queries import NoQuery
from shared.wiring import paces


@answered
async def list_gates(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    NoQuery.read(req.url)
    document = GatesDocument.of(await paces().all())
    return json_response(document.model_dump(mode="json", by_alias=True), 200, {})
