"""GET /api and /api/: the web page.  It contains no data, so it needs no key."""

import azure.functions as func

from functions.support.answers import answered
from functions.support.page import page_response


@answered
async def show_page(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    return page_response()
