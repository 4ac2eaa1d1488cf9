"""GET /api and /api/: the web page.  It contains no data, so it needs no key.

The route matches only an empty path.  An empty route does not work: the host treats it as absent, and uses the name of
the function (WebScriptHostHttpRoutesManager.cs).  A catch-all does not work either: the host tries functions in the
order of their names, and the first match wins, however specific the others are.  Seen on host 4.1037.
"""

import azure.functions as func

from functions.support.answers import answered
from functions.support.page import page_response

bp = func.Blueprint()


@bp.route(route="{nothing:maxlength(0)?}", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
@answered
async def show_page(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    return page_response()
