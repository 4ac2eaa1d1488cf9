"""One GET to the platform.  Network failures never raise: they are a `NoResponse`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

import httpx

from shared.clients.credentials import CredentialsError, TokenSource
from shared.clients.exchange import HEADERS, Silence, exchange
from shared.core.remote import WAITS, NoResponse, Request, Response
from shared.core.untrusted import climbs

#: For one request, from the first to the last byte; httpx's own timeouts restart with every byte.
TIMEOUT = timedelta(seconds=30)

#: A status is some hundred bytes; a larger body is not one.
LARGEST_BODY = 1024 * 1024

#: For a turn: a token, a request, and both again after a 401.
LONGEST = timedelta(minutes=1)

UNAUTHORIZED = 401


class Fetcher:
    """The fetch port, on a transport of httpx."""

    def __init__(
        self, http: httpx.AsyncBaseTransport, origin: str, tokens: TokenSource, spend: Callable[[], None]
    ) -> None:
        """`origin` is the platform's: the token goes nowhere else.

        `spend` counts one more request against the rate limit: the first of a turn is counted already.
        """
        self._http = http
        self._origin = httpx.URL(origin)
        self._tokens = tokens
        self._spend = spend

    async def __call__(self, request: Request, within: timedelta = LONGEST) -> Response | NoResponse:
        """Send the request; after a 401, once more if there is another token.

        A second 401, or one that says how long to wait, is returned like any other response.
        """
        within = min(within, LONGEST)
        url = url_of(self._origin, request.path)
        if url is None:
            return NoResponse("not asked: the path is none of the platform's")
        try:
            async with asyncio.timeout(within.total_seconds()):
                return await self._ask(url, request.headers)
        except TimeoutError:
            return NoResponse(f"no whole answer within {within.total_seconds():.0f} s")

    async def _ask(self, url: httpx.URL, headers: Mapping[str, str]) -> Response | NoResponse:
        try:
            token = await self._tokens.token()
        except CredentialsError as error:
            return NoResponse(f"no access token: {error}", token=True)
        answer = await self._get(url, headers, token)
        if isinstance(answer, NoResponse) or answer.status != UNAUTHORIZED or answer.headers.keys() & {*WAITS}:
            return answer
        other = await self._other_than(token)
        if other is None:
            return answer
        self._spend()
        return await self._get(url, headers, other)

    async def _other_than(self, token: str) -> str | None:
        """Return another token than this one, if one can be had."""
        try:
            other = await self._tokens.token()
        except CredentialsError:
            return None  # the platform's 401 is the answer; the next turn says why there is no token
        return None if other == token else other

    async def _get(self, url: httpx.URL, headers: Mapping[str, str], token: str) -> Response | NoResponse:
        try:
            request = httpx.Request("GET", url, headers={**headers, **HEADERS, "Authorization": f"Bearer {token}"})
        except ValueError as error:  # a header that cannot be encoded
            return NoResponse(f"not asked: {type(error).__name__}")
        answer = await exchange(self._http, request, largest=LARGEST_BODY, within=TIMEOUT)
        if isinstance(answer, Silence):
            late = answer.error == TimeoutError.__name__
            return NoResponse(f"no answer within {TIMEOUT.seconds} s" if late else f"no answer: {answer.error}")
        if answer.status == UNAUTHORIZED:
            self._tokens.forget(token)
        # Some services repeat the token in their error, and error texts end up in rows and logs.
        return replace(
            answer,
            headers={name: value.replace(token, "***") for name, value in answer.headers.items()},
            body=_without(token, answer.body),
            unread=answer.unread.replace(token, "***"),
        )


@lru_cache(maxsize=1024)  # a watch asks for the same path each time, and to check it takes a fiftieth of a turn
def url_of(origin: httpx.URL, path: str) -> httpx.URL | None:
    """Return the URL of a path, if it is one of the platform's, and no server would read another path in it.

    Paths are made from rows, and rows can be edited.
    """
    try:
        url = httpx.URL(f"{origin}{path}")
    except (httpx.InvalidURL, ValueError):  # the latter when it cannot be encoded
        return None
    place = path.partition("?")[0]
    is_ours = (
        (url.scheme, url.netloc, url.userinfo) == (origin.scheme, origin.netloc, origin.userinfo)
        and url.raw_path == path.encode()
        and "//" not in place
        and "\\" not in path
        and not climbs(place)
    )
    return url if is_ours else None


def _without(token: str, body: bytes) -> bytes:
    """Blank the token, however JSON may spell it."""
    for spelled in {token, token.replace("/", r"\/")}:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            body = body.replace(spelled.encode(encoding), "***".encode(encoding))
    return body
