"""GET /api and /api/: the page for people.  It holds no data, so no key is asked for.

The route matches an empty path alone.  An empty route would not do: the host takes it for none, and uses the function's
name (WebScriptHostHttpRoutesManager.cs).  A catch-all would not do either: the host goes by the names of the functions,
and the first that matches a request takes it, however specific the others are.  Seen on host 4.1037.
"""

import azure.functions as func

from functions.support.answers import answered
from functions.support.page import page_response

bp = func.Blueprint()


@bp.route(route="{nothing:maxlength(0)?}", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
@answered
async def show_page(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    return page_response()
