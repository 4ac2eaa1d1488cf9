"""GET /api/: the page for people.  Any other route or method that nobody serves: a problem that says what is served.

A catch-all also matches an empty path, with and without a last slash (RoutePatternMatcher.cs and PathTokenizer.cs of
ASP.NET Core), and comes last in the order of routes.
https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates
An empty route would not do: the host takes it for none, and uses the function's name.
https://github.com/Azure/azure-functions-host/blob/dev/src/WebJobs.Script.WebHost/WebScriptHostHttpRoutesManager.cs
Read in these sources, not tried on Azure itself yet.  No key is asked for: there is no data here.
"""

import azure.functions as func

from functions.answers import answered
from functions.page import page_response
from shared.operations import elsewhere
from shared.problems import Problem

bp = func.Blueprint()


@bp.route(route="{*path}", auth_level=func.AuthLevel.ANONYMOUS)
@answered
async def refuse(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    path = req.route_params.get("path", "").strip("/")
    if not path and req.method in {"GET", "HEAD"}:
        return page_response()
    problem: Problem = elsewhere(path, req.method)
    raise problem
