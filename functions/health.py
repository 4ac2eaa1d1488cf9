"""GET /api/health: checks that the settings are complete and storage responds; if asked to, that a token is granted."""

import azure.functions as func

from functions.support.answers import answered, json_response
from shared.version import VERSION
from shared.web import problems
from shared.web.queries import HealthQuery
from shared.wiring import credentials, settings, silent_storage


@answered
async def health(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001, D103
    query = HealthQuery.read(req.url)
    known = settings()
    if silent := await silent_storage():
        raise problems.unavailable(
            f"No response from {', '.join(silent)}. Check that they exist and that the app has access."
        )
    if query.is_deep and (refusal := await credentials().refusal()):
        raise problems.unavailable(f"No access token for the platform: {refusal}.")
    if wrong := {**known.callback_problems, **known.webhook_problems}:
        raise problems.misconfigured(wrong)
    return json_response({"status": "ok", "version": VERSION}, 200, {})
