"""One GET to the platform.  Network failures never raise: they are a `NoResponse`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx

from shared.clients.body import read_at_most
from shared.clients.credentials import CredentialsError, TokenSource
from shared.core.remote import WAITS, NoResponse, Request, Response

#: For one request, from the first to the last byte; httpx's own timeouts restart with every byte.
TIMEOUT = timedelta(seconds=30)

#: A status is some hundred bytes; a larger body is not one.
LARGEST_BODY = 1024 * 1024

#: For a turn: a token, a request, and both again after a 401.
LONGEST = timedelta(minutes=1)

UNAUTHORIZED = 401


class Fetcher:
    """The fetch port, on an httpx client."""

    def __init__(self, http: httpx.AsyncClient, tokens: TokenSource, spend: Callable[[], None]) -> None:
        """`http` has the platform's origin as base URL and follows no redirects, so that the token stays there.

        `spend` counts one more request against the rate limit: the first of a turn is counted already.
        """
        self._http = http
        self._tokens = tokens
        self._spend = spend

    async def __call__(self, request: Request, within: timedelta = LONGEST) -> Response | NoResponse:
        """Send the request; after a 401, once more if there is another token.

        A second 401, or one that says how long to wait, is returned like any other response.
        """
        within = min(within, LONGEST)
        try:
            async with asyncio.timeout(within.total_seconds()):
                return await self._ask(request)
        except TimeoutError:
            return NoResponse(f"no whole answer within {within.total_seconds():.0f} s")

    async def _ask(self, request: Request) -> Response | NoResponse:
        try:
            token = await self._tokens.token()
            answer = await self._get(request, token)
            if answer.status == UNAUTHORIZED and not any(name in answer.headers for name in WAITS):
                other = await self._other_than(token)
                if other is not None:
                    self._spend()
                    return await self._get(request, other)
        except CredentialsError as error:
            return NoResponse(f"no access token: {error}")
        except TimeoutError:
            return NoResponse(f"no whole answer within {TIMEOUT.seconds} s")
        except httpx.HTTPError as error:
            return NoResponse(f"no answer: {type(error).__name__}")
        return answer

    async def _other_than(self, token: str) -> str | None:
        """Return another token than this one, if one can be had."""
        try:
            other = await self._tokens.token()
        except CredentialsError:
            return None  # the platform's 401 is the answer; the next turn says why there is no token
        return None if other == token else other

    async def _get(self, request: Request, token: str) -> Response:
        authorized = {**request.headers, "Authorization": f"Bearer {token}"}
        async with (
            asyncio.timeout(TIMEOUT.total_seconds()),
            self._http.stream("GET", request.path, headers=authorized) as answer,
        ):
            body = await read_at_most(LARGEST_BODY, answer)
        if answer.status_code == UNAUTHORIZED:
            self._tokens.forget(token)
        # Some services repeat the token in their error, and error texts end up in rows and logs.
        headers = {name.lower(): value.replace(token, "***") for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, body.replace(token.encode(), b"***"), str(answer.url))
