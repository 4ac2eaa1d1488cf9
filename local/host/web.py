"""The HTTP trigger: requests in, answers out, and keys in between."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from azure.functions.meta import Datum
from multidict import CIMultiDict, MultiMapping

from local.host.functions import Answer, CannotStartError, Function, Invocation, InvocationFailedError
from local.host.routes import Match, Routes
from local.host.traces import new_span

ADDRESS = "127.0.0.1"  #: this machine alone: it is no server for others

#: Runs a function that has no HTTP trigger: https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
_ADMIN = "/admin/functions/"

#: The host's default: https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#limits
_LARGEST_REQUEST = 100 * 1024 * 1024

#: Set by the server from the body itself, whatever the function says.
_SERVERS_OWN = {"content-length", "transfer-encoding"}


class Front:
    """Answers every request: finds the function, checks the key, and calls."""

    def __init__(
        self,
        routes: Routes,
        key: str,
        invoke: Callable[[Invocation], Awaitable[Answer | None]],
        by_hand: Mapping[str, Callable[[], Awaitable[None]]],
    ) -> None:
        """`by_hand` are the functions, by name, that an administrator may call without their trigger."""
        self._routes = routes
        self._key = key.encode()
        self._invoke = invoke
        self._by_hand = by_hand
        self._under_way: set[asyncio.Future[None]] = set()

    async def answer(self, request: web.Request) -> web.Response:
        """Call the function whose route and key the request has."""
        if request.path.startswith(_ADMIN):
            return self._call_by_hand(request, request.path.removeprefix(_ADMIN))
        found = self._routes.find(request.method, request.rel_url.raw_path)
        if not found:
            return web.Response(status=404)
        if not self._may_call(request, found.function):
            return web.Response(status=401)
        if (request.content_length or 0) > _LARGEST_REQUEST:
            return web.Response(status=413)
        trace = new_span(request.headers.get("traceparent", ""), request.headers.get("tracestate", ""))
        invocation = Invocation(found.function, await _value(request, found), metadata={}, trace=trace)
        try:
            answer = await self._invoke(invocation)
        except InvocationFailedError:
            return web.Response(status=500)
        return _response(answer) if answer else web.Response(status=204)

    def _call_by_hand(self, request: web.Request, name: str) -> web.Response:
        """Begin the call and answer at once, as the real host does."""
        if request.method != "POST" or name not in self._by_hand:
            return web.Response(status=404)
        if not self._has_key(request):
            return web.Response(status=401)
        call = asyncio.ensure_future(self._by_hand[name]())
        self._under_way.add(call)  # the event loop alone would not keep it
        call.add_done_callback(self._under_way.discard)
        return web.Response(status=202)

    def _may_call(self, request: web.Request, function: Function) -> bool:
        anonymous = str(function.trigger.get("authLevel", "function")).lower() == "anonymous"
        return anonymous or self._has_key(request)

    def _has_key(self, request: web.Request) -> bool:
        """The key, in the header or else in the query; there is one for all levels (AuthenticationLevelHandler.cs)."""
        given = request.headers.get("x-functions-key") or request.query.get("code", "")
        return hmac.compare_digest(given.encode(errors="surrogateescape"), self._key)


@asynccontextmanager
async def serving(front: Front, port: int) -> AsyncIterator[str]:
    """Listen while the block runs; gives the address to call.  At the end, requests under way are answered first."""
    application = web.Application(client_max_size=0)  # 0: no limit but ours
    application.router.add_route("*", r"/{path:[\s\S]*}", front.answer)  # a path may hold a line break, encoded
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, ADDRESS, port).start()
    except OSError as error:
        raise CannotStartError(f"cannot listen on port {port}: {error.strerror}") from None
    try:
        yield f"http://{ADDRESS}:{port}"
    finally:
        await runner.cleanup()


async def _value(request: web.Request, found: Match) -> Datum:
    """The request as the host sends it to a worker (GrpcMessageConversionExtensions.cs, `ToRpcHttp`)."""
    # Without a Content-Length, as with chunked transfer, Python functions get no body from host 4.1037.
    body = await request.read() if request.content_length else b""
    return Datum(
        {
            "method": Datum(request.method, "string"),
            "url": Datum(f"http://{request.host}{request.raw_path}", "string"),
            "headers": {name.lower(): value for name, value in _joined(request.headers).items()},
            "query": {name: value for name, value in _joined(request.query).items() if value.value},
            "params": {name: Datum(value, "string") for name, value in found.values.items()},
            "body": Datum(body, "bytes"),
        },
        "http",
    )


def _joined(several: MultiMapping[str]) -> dict[str, Datum]:
    """One string per name, as StringValues.ToString joins them: non-empty values, with commas."""
    return {name: Datum(",".join(filter(None, several.getall(name))), "string") for name in several}


def _response(answer: Answer) -> web.Response:
    headers = CIMultiDict((name, value) for name, value in answer.headers if name.lower() not in _SERVERS_OWN)
    return web.Response(status=answer.status, headers=headers, body=answer.body)
