"""Runs functions in Microsoft's own Python worker, as a library: azure-functions-runtime, from Python 3.13 on.

The real worker process is a thin gRPC client around this library.  Here the host calls it directly, with the messages
that the host would send (`azure_functions_runtime.handle_event`), so indexing, conversions and calls are the worker's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.utils import formatdate
from http.cookies import Morsel
from pathlib import Path
from typing import Any

import azure_functions_runtime as worker
from azure.functions.meta import Datum

from local.host.backends.protos import PROTOS, Message, ParameterBinding, StatusResult, TypedData
from local.host.functions import Answer, CannotStartError, Function, Invocation, InvocationFailedError


class RuntimeBackend:
    """One worker.  The library keeps its state in module globals: there can be only one in a process."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    async def start(self, app: Path) -> Sequence[Function]:
        """Initialize the worker, which indexes the app, and request its functions."""
        worker.start_threadpool_executor()
        started = await worker.worker_init_request(
            _request(worker_init_request=Message(capabilities={}, function_app_directory=str(app)))
        )
        if started.result.status == StatusResult.Failure:
            raise CannotStartError(f"function_app.py cannot be indexed:\n{started.result.exception.stack_trace}")
        found = (await worker.functions_metadata_request(_request())).function_metadata_results
        self._ids = {one.name: one.function_id for one in found}
        return [Function(one.name, [json.loads(raw) for raw in one.raw_bindings]) for one in found]

    async def invoke(self, invocation: Invocation) -> Answer | None:
        """Send an InvocationRequest and read the response."""
        function = invocation.function
        response = await worker.invocation_request(
            _request(
                invocation_request=Message(
                    invocation_id=invocation.id,
                    function_id=self._ids[function.name],
                    input_data=[ParameterBinding(name=function.trigger["name"], data=_typed(invocation.value))],
                    trigger_metadata={name: _typed(value) for name, value in invocation.metadata.items()},
                    trace_context=Message(
                        trace_parent=invocation.trace.parent, trace_state=invocation.trace.state, attributes={}
                    ),
                    retry_context=Message(retry_count=0, max_retry_count=0),
                )
            )
        )
        if response.result.status == StatusResult.Failure:
            raise InvocationFailedError(response.result.exception.stack_trace)
        return _answer(response.return_value)


def _request(**messages: Message) -> Message:
    """Return a StreamingMessage, with what the gRPC client knows about the host."""
    return Message(request=Message(**messages), properties={"host": "127.0.0.1", "protos": PROTOS})


def _typed(value: Datum) -> TypedData:
    """The value as TypedData."""
    if value.type == "http":
        parts = value.value
        plain = {name: {key: one.value for key, one in parts[name].items()} for name in ("headers", "query", "params")}
        return TypedData(
            http=Message(method=parts["method"].value, url=parts["url"].value, body=_typed(parts["body"]), **plain)
        )
    return TypedData(**{str(value.type): value.value})


def _answer(returned: TypedData | None) -> Answer | None:
    if returned is None:
        return None
    if returned.WhichOneof("data") == "string":
        return Answer.text(returned.string)
    http = returned.http
    cookies = [("set-cookie", _set_cookie(cookie)) for cookie in http.cookies or ()]
    return Answer(int(http.status_code), [*http.headers.items(), *cookies], http.body.bytes)


def _set_cookie(cookie: Any) -> str:
    """The header of an RpcHttpCookie, whose optional fields are messages with a `value`."""
    morsel: Morsel[str] = Morsel()
    morsel.set(cookie.name, cookie.value, cookie.value)
    for attribute, field in {"domain": cookie.domain, "path": cookie.path, "max-age": cookie.max_age}.items():
        if field and field.value:
            morsel[attribute] = str(field.value)
    if cookie.expires:
        morsel["expires"] = formatdate(cookie.expires.value.seconds, usegmt=True)
    morsel["secure"] = bool(cookie.secure and cookie.secure.value)
    morsel["httponly"] = bool(cookie.http_only and cookie.http_only.value)
    if cookie.same_site:
        morsel["samesite"] = cookie.same_site
    return morsel.OutputString()
