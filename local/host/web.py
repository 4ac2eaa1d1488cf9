"""The HTTP trigger: routes requests, checks keys, and sends responses.

There is one key for all levels: the master key, which also works for functions.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import HttpVersion11, web
from azure.functions.meta import Datum
from multidict import CIMultiDict, MultiMapping

from local.host.functions import Answer, CannotStartError, Function, Invocation, InvocationFailedError
from local.host.routes import Match, Routes
from local.host.targets import Target, UnreadableTargetError
from local.host.traces import new_span

_log = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"  #: only this machine: not a server for others

#: Runs a function that has no HTTP trigger: https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
_ADMIN, _BY_HAND = "/admin/", "/admin/functions/"

#: https://learn.microsoft.com/azure/azure-functions/functions-app-settings#functions_request_body_size_limit
_LIMIT = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"

#: ScriptConstants.cs, DefaultMaxRequestBodySize.
_USUAL_LIMIT = 104_857_600

#: https://learn.microsoft.com/azure/azure-functions/functions-app-settings#azurewebjobsdisablehomepage
_NO_HOMEPAGE = "AzureWebJobsDisableHomepage"

#: Instead of the real host's page of 150 KB.
_HOMEPAGE = "<!DOCTYPE html><title>Functions</title><p>Your Functions app is up and running, on its embedded host."

#: Maximum bytes of the first line, and of all headers: KestrelServerLimits.cs.
_LONGEST_LINE, _LONGEST_HEADERS = 8 * 1024, 32 * 1024

#: aiohttp's limit for each, higher so that this code rejects them.
_LONGEST_READ = 128 * 1024

#: Set by the server from the body, whatever the function sets.
_SERVERS_OWN = {"content-length", "transfer-encoding"}


class Front:
    """Serves every request: finds the function, checks the key, and calls."""

    def __init__(
        self,
        routes: Routes,
        key: str,
        invoke: Callable[[Invocation], Awaitable[Answer | None]],
        by_hand: Mapping[str, Callable[[], Awaitable[None]]],
    ) -> None:
        """`by_hand`: the functions, by name, that an administrator may call without their trigger."""
        self._routes = routes
        self._key = key.encode()
        self._invoke = invoke
        self._limit = _request_limit()
        self._by_hand = by_hand
        self._under_way: set[asyncio.Future[None]] = set()

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Call the function that matches the request's route and key."""
        response = await self._answer(request)
        if request.method == "HEAD" and request.version >= HttpVersion11:
            response.enable_chunked_encoding()  # for aiohttp: neither this nor a Content-Length is sent, as by Kestrel
        return response

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        try:
            target = Target.read(request.raw_path)
        except UnreadableTargetError:
            return web.Response(status=400)
        if status := _refusal(request):
            return web.Response(status=status)
        if target.path.lower().startswith(_ADMIN):
            return self._administer(request, target)
        if not (found := self._routes.find(request.method, target.path)):
            return _homepage() if target.path == "/" else web.Response(status=404)
        if not self._may_call(request, target, found.function):
            return web.Response(status=401)
        return await self._call(request, target, found)

    async def _call(self, request: web.BaseRequest, target: Target, found: Match) -> web.Response:
        try:
            value = await self._value(request, target, found)
        except _TooLargeError as error:
            _log.error("function %s was not called: %s", found.function.name, error)
            return web.Response(status=500)
        trace = new_span(request.headers.get("traceparent", ""), request.headers.get("tracestate", ""))
        try:
            answer = await self._invoke(Invocation(found.function, value, metadata={}, trace=trace))
        except InvocationFailedError:
            return web.Response(status=500)
        return _response(request, answer) if answer else web.Response(status=204)

    async def _value(self, request: web.BaseRequest, target: Target, found: Match) -> Datum:
        """The request as the host sends it to a worker (GrpcMessageConversionExtensions.cs, `ToRpcHttp`)."""
        if (request.content_length or 0) > self._limit:
            raise _TooLargeError(f"Request body too large. The max request body size is {self._limit} bytes.")
        return Datum(
            {
                "method": Datum(request.method, "string"),
                # Only from the Host header: outside App Service nothing else changes it, as observed on the real host.
                "url": Datum(f"http://{request.headers['Host']}{request.raw_path}", "string"),
                "headers": {name.lower(): value for name, value in _joined(request.headers).items()},
                "query": {name: value for name, value in _joined(target.query).items() if value.value},
                "params": {name: Datum(value, "string") for name, value in found.values.items()},
                "body": Datum(await _body(request), "bytes"),
            },
            "http",
        )

    def _administer(self, request: web.BaseRequest, target: Target) -> web.Response:
        """Call a function by hand: start it and respond at once, like the real host.  Nothing else is supported."""
        if not self._has_key(request, target):
            return web.Response(status=401)
        name = target.path[len(_BY_HAND) :] if target.path.lower().startswith(_BY_HAND) else ""
        if request.method != "POST" or name not in self._by_hand:
            return web.Response(status=404)
        call = asyncio.ensure_future(self._by_hand[name]())
        self._under_way.add(call)  # the event loop keeps only a weak reference
        call.add_done_callback(self._under_way.discard)
        return web.Response(status=202)

    def _may_call(self, request: web.BaseRequest, target: Target, function: Function) -> bool:
        anonymous = str(function.trigger.get("authLevel", "function")).lower() == "anonymous"
        return anonymous or self._has_key(request, target)

    def _has_key(self, request: web.BaseRequest, target: Target) -> bool:
        """Return the key, from the header or else the query (AuthenticationLevelHandler.cs)."""
        given = request.headers.get("x-functions-key") or target.query.get("code") or ""
        return hmac.compare_digest(given.encode(errors="surrogateescape"), self._key)


class _Connection(web.RequestHandler):
    """One connection."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Respond to a malformed request, such as one with raw bytes in its path, without a body."""
        super().handle_error(request, status, exc, message)  # which logs it
        response = web.Response(status=status)
        response.force_close()
        return response


class _Server(web.Server):
    """Creates the connections."""

    def __call__(self) -> web.RequestHandler:
        """Do not decompress bodies, as observed on the real host."""
        return _Connection(
            self,
            loop=self._loop,
            access_log=None,  # type: ignore[arg-type]  # none, as with aiohttp's own runners
            auto_decompress=False,
            max_line_size=_LONGEST_READ,
            max_field_size=_LONGEST_READ,
        )


def _request(*parts: Any) -> web.BaseRequest:
    """A request without aiohttp's own body limit."""
    message, payload, connection, writer, task = parts
    return web.BaseRequest(message, payload, connection, writer, task, asyncio.get_running_loop(), client_max_size=0)


async def _body(request: web.BaseRequest) -> bytes:
    """Read the body if its length is known: host 4.1037 passes no chunked body to Python functions."""
    if not request.content_length:
        return b""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")  # RFC 9110, 10.1.1
        request.writer.output_size = 0  # the response has not begun
    return await request.read()


@asynccontextmanager
async def serving(front: Front, port: int) -> AsyncIterator[str]:
    """Listen during the block; yields the address.  At the end, requests under way are completed first."""
    runner = web.ServerRunner(_Server(front.answer, request_factory=_request))
    await runner.setup()
    try:
        await web.TCPSite(runner, ADDRESS, port).start()
    except OSError as error:
        raise CannotStartError(f"cannot listen on port {port}: {error.strerror}") from None
    try:
        yield f"http://{ADDRESS}:{port}"
    finally:
        await runner.cleanup()


def _refusal(request: web.BaseRequest) -> int | None:
    """Return the status with which Kestrel rejects the request itself, if it does."""
    if len(f"{request.method} {request.raw_path} HTTP/1.1\r\n") > _LONGEST_LINE:
        return 414
    if sum(len(name) + len(value) + len(": \r\n") for name, value in request.raw_headers) > _LONGEST_HEADERS:
        return 431
    if "Host" not in request.headers:
        return 500  # aiohttp itself refuses HTTP/1.1 without one, with 400
    return None


class _TooLargeError(Exception):
    """A body beyond the limit; the message is Kestrel's."""


def _request_limit() -> int:
    """Return the maximum bytes of a body.  A non-numeric value is ignored (HttpRequestBodySizeMiddleware.cs)."""
    try:
        limit = int(os.environ.get(_LIMIT, ""))
    except ValueError:
        return _USUAL_LIMIT
    if limit < 0:
        raise CannotStartError(f"the setting {_LIMIT} must not be less than zero")
    return limit


def _homepage() -> web.Response:
    """Return the response at "/", for every method, unless a function is there (HomepageMiddleware.cs)."""
    if os.environ.get(_NO_HOMEPAGE, "").lower() == "true":
        return web.Response(status=204)
    return web.Response(text=_HOMEPAGE, content_type="text/html")


def _joined(several: MultiMapping[str]) -> dict[str, Datum]:
    """One string per name, as StringValues.ToString joins them: non-empty values, with commas."""
    return {name: Datum(",".join(filter(None, several.getall(name))), "string") for name in several}


def _response(request: web.BaseRequest, answer: Answer) -> web.Response:
    """Return the function's response, chunked: the real host never sends a Content-Length."""
    headers = CIMultiDict((name, value) for name, value in answer.headers if name.lower() not in _SERVERS_OWN)
    response = web.Response(status=answer.status, headers=headers, body=answer.body)
    if request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    return response
