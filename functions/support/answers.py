"""The responses of HTTP triggers: JSON, or a problem that says what to do."""

import functools
import json
import logging
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import azure.functions as func

from functions.support.invocation import brief, turn
from shared.engine.ports import RETRYABLE, Unreadable
from shared.settings import SettingsError
from shared.web import problems
from shared.web.headers import request_id
from shared.web.problems import Problem
from shared.web.requests import BatchDocument, StartedDocument, WatchDocument

log = logging.getLogger("watch.http")

Trigger = Callable[[func.HttpRequest, func.Context], Coroutine[Any, Any, func.HttpResponse]]


def answered(trigger: Trigger) -> Trigger:
    """Turn expected exceptions into problem+json; everything else goes to the host."""

    @functools.wraps(trigger)
    async def wrapped(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        response = await _respond(trigger, req, context)
        response.headers["X-Request-Id"] = request_id(req.headers.get("x-request-id"))
        return response

    return wrapped


async def _respond(trigger: Trigger, req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    try:
        async with turn(context):
            return await trigger(req, context)
    except Problem as problem:
        return problem_response(problem)
    except SettingsError as error:
        log.error("settings.incomplete %s", error)  # noqa: TRY400 -- the text says it all
        return problem_response(problems.misconfigured(error.problems))
    except Unreadable as error:
        log.error("row.unreadable %s", error)  # noqa: TRY400 -- the text says it all
        return problem_response(problems.unreadable(error))
    except RETRYABLE as error:
        log.warning("request.failed error=%s: %s", type(error).__name__, brief(error))
        return problem_response(
            problems.unavailable("Storage or Application Insights did not respond as expected. Retry the request.")
        )


def problem_response(problem: Problem) -> func.HttpResponse:
    """Respond with a problem, and a Retry-After if retrying may help."""
    headers = {} if problem.retry_after is None else {"Retry-After": _seconds(problem.retry_after)}
    return json_response(problem.document(), problem.status, headers, "application/problem+json")


def watch_response(document: WatchDocument, now: datetime, status: int = 200, **headers: str) -> func.HttpResponse:
    """Respond with a watch, and a Retry-After while it is open."""
    if document.due_at is not None:
        headers["Retry-After"] = _seconds(max(timedelta(seconds=1), document.due_at - now))
    return json_response(document.model_dump(mode="json", by_alias=True), status, headers)


def batch_response(results: Sequence[StartedDocument]) -> func.HttpResponse:
    """Respond with the result of each item of a batch."""
    document = BatchDocument(results=list(results))
    return json_response(document.model_dump(mode="json", by_alias=True, exclude_unset=True), 200, {})


def json_response(
    document: Any, status: int, headers: dict[str, str], mimetype: str = "application/json"
) -> func.HttpResponse:
    """Respond with JSON that must not be cached."""
    return _response(json.dumps(document, ensure_ascii=False), status, headers, mimetype)


def _response(body: str, status: int, headers: Mapping[str, str], mimetype: str) -> func.HttpResponse:
    return func.HttpResponse(
        body, status_code=status, headers={"Cache-Control": "no-store", **headers}, mimetype=mimetype
    )


def _seconds(span: timedelta) -> str:
    return str(math.ceil(span.total_seconds()))
