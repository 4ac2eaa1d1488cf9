"""One request and its answer, bounded in time and size.  Whatever goes wrong with it is a value."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

import httpx

from shared.clients.body import PLAIN, Body, read_at_most
from shared.core.remote import Response
from shared.version import USER_AGENT

#: Of each request of ours.
HEADERS = {**PLAIN, "User-Agent": USER_AGENT}


@dataclass(frozen=True, slots=True)
class Silence:
    """No status came.  No exception: httpx's hold the request, and with it the token or the secret."""

    error: str  #: the name of its type


async def exchange(
    http: httpx.AsyncBaseTransport, request: httpx.Request, *, largest: int, within: timedelta
) -> Response | Silence:
    """Send a request with `HEADERS`, and read its answer: at most `largest` bytes, within that time, no redirect.

    Once there is a status, it and the headers count, whatever becomes of the body.
    """
    answer: httpx.Response | None = None
    body: Body | None = None
    try:
        async with asyncio.timeout(within.total_seconds()):
            answer = await http.handle_async_request(request)
            async with aclosing(answer):
                body = await read_at_most(largest, answer)
    except Exception as error:  # noqa: BLE001 -- aiohttp, ssl and the system have no base class in common
        if answer is None:
            return Silence(type(error).__name__)
        late = isinstance(error, TimeoutError)
        why = f"did not end within {within.seconds} s" if late else f"broke off ({type(error).__name__})"
        body = body or Body(unread=f"a body that {why}")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status_code, headers, body.content, str(request.url), body.unread)
