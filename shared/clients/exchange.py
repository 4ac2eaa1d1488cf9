"""One request and its answer, bounded in time and size.  Whatever goes wrong with it is a value."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from shared.clients.body import PLAIN, Body, read_at_most
from shared.core.remote import Response


@dataclass(frozen=True, slots=True)
class Silence:
    """No status came.  No exception: httpx's hold the request, and with it the token or the secret."""

    error: str  #: the name of its type


async def exchange(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    largest: int,
    within: timedelta,
    **more: Any,
) -> Response | Silence:
    """Send one request, and read its answer: at most `largest` bytes, within that time.  It follows no redirect.

    Once there is a status, it and the headers count, whatever becomes of the body.
    """
    answer: httpx.Response | None = None
    body: Body | None = None
    try:
        async with asyncio.timeout(within.total_seconds()):
            request = http.build_request(method, url, headers=headers, **more)
            request.headers.update(PLAIN)
            answer = await http.send(request, stream=True, follow_redirects=False)
            async with aclosing(answer):
                body = await read_at_most(largest, answer)
    except Exception as error:  # noqa: BLE001 -- httpx, anyio, ssl, idna and h11 have no base class in common
        if answer is None:
            return Silence(type(error).__name__)
        late = isinstance(error, TimeoutError)
        why = f"did not end within {within.seconds} s" if late else f"broke off ({type(error).__name__})"
        body = body or Body(unread=f"a body that {why}")
    lower = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status_code, lower, body.content, str(answer.url), body.unread)
