"""GET /api/watches: open watches, then ended ones, each newest first, page by page; or those that are named."""

import azure.functions as func

from functions.support.answers import answered, json_response
from functions.support.documents import all_shown
from shared.engine.lister import Page
from shared.web import problems
from shared.web.queries import LARGEST_PAGE, ListQuery
from shared.web.requests import ListDocument
from shared.wiring import lister, settings


@answered
async def list_watches(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    query = ListQuery.read(req.url)
    page = await _page(query)
    document = ListDocument(
        watches=await all_shown(page.watches),
        next=page.after.to_text(query.list_of) if page.after else None,
    )
    return json_response(document.model_dump(mode="json", by_alias=True), 200, {})


async def _page(query: ListQuery) -> Page:
    """Return a page of the lists, or all watches that are named."""
    digits = query.named(settings().api_url)
    if digits is None:
        return await lister().page(query.wanted())
    found = await lister().beginning(digits, LARGEST_PAGE + 1)
    if len(found) > LARGEST_PAGE:
        raise problems.too_many(digits, LARGEST_PAGE)
    return Page(found, None)
