"""GET /api/openapi.json: the OpenAPI document.  It contains no data, so it needs no key."""

import azure.functions as func

from functions.support.answers import answered, json_response
from shared.version import VERSION
from shared.web.openapi import document
from shared.web.operations import OPERATIONS


@answered
async def describe(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    return json_response(document(OPERATIONS, VERSION), 200, {})
