"""GET /api/watches: open watches, then ended ones, each newest first, page by page."""

import azure.functions as func

from functions.support.answers import json_response
from functions.support.documents import all_shown
from functions.support.serving import serves
from shared.web.operations import LIST
from shared.web.queries import ListQuery
from shared.web.requests import ListDocument
from shared.wiring import lister

bp = func.Blueprint()


@serves(bp, LIST)
async def list_watches(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    query = ListQuery.read(req.url)
    page = await lister().page(query.wanted())
    document = ListDocument(
        watches=await all_shown(page.watches),
        next=page.after.to_text(query.list_of) if page.after else None,
    )
    return json_response(document.model_dump(mode="json", by_alias=True), 200, {})
