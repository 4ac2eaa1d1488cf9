"""OAuth client credentials (RFC 6749, section 4.4): one shared access token, renewed before it expires.

docs/decisions/0003-own-token-cache.md lists the libraries that were considered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Literal, Protocol

import httpx
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from shared.clients.body import read_at_most
from shared.core.schedule import parse_retry_after

TIMEOUT = timedelta(seconds=15)

#: A token is renewed this long before it expires, or at half its life if that is sooner.
MARGIN = timedelta(seconds=60)

#: For a response without `expires_in`, which RFC 6749 only recommends.
ASSUMED_LIFE = timedelta(minutes=5)

LARGEST_BODY = 64 * 1024

OK = 200


class CredentialsError(Exception):
    """No token is available.  The text says why, without any secret."""


class TokenSource(Protocol):
    """A source of bearer tokens."""

    async def token(self) -> str:
        """Return a token that is presumably valid; raises `CredentialsError`."""

    def forget(self, token: str) -> None:
        """Drop a token that the platform rejected."""


class _Granted(BaseModel):
    access_token: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")]  # valid in a header
    expires_in: Annotated[float, Field(ge=0, lt=timedelta(days=365).total_seconds())] | None = None


class _Refused(BaseModel):
    """RFC 6749, section 5.2.  Only its codes: free text may repeat the request."""

    error: Literal[
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    ]


@dataclass(slots=True)
class ClientCredentials:
    """Tokens for one client.  Single flight: concurrent callers share one request and its failure."""

    http: httpx.AsyncClient
    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    now: Callable[[], datetime]
    _token: str = field(default="", init=False, repr=False)
    _renew_at: datetime | None = field(default=None, init=False)
    _not_before: datetime | None = field(default=None, init=False)  #: from a Retry-After of the endpoint
    _pending: asyncio.Task[str] | None = field(default=None, init=False, repr=False)

    async def token(self) -> str:
        """Return the cached token, or a new one if it is about to expire; raises `CredentialsError`."""
        if self._token and self._renew_at and self.now() < self._renew_at:
            return self._token
        if self._pending is None or self._pending.done():
            self._pending = asyncio.create_task(self._renew())
        return await asyncio.shield(self._pending)  # a cancelled caller must not cancel the shared request

    def forget(self, token: str) -> None:
        """Drop the cached token if it is still this one: after a burst of 401s one new token serves all."""
        if token == self._token:
            self._token = ""

    async def _renew(self) -> str:
        asked_at = self.now()
        granted = await self._request()
        life = ASSUMED_LIFE if granted.expires_in is None else timedelta(seconds=granted.expires_in)
        self._token, self._renew_at = granted.access_token, asked_at + life - min(MARGIN, life / 2)
        return self._token

    async def _request(self) -> _Granted:
        if self._not_before and self.now() < self._not_before:
            raise CredentialsError(f"the token endpoint asked to wait until {self._not_before:%H:%M:%S} UTC")
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": self.scope,
        }
        headers = {"Accept": "application/json"}
        try:
            async with (
                asyncio.timeout(TIMEOUT.total_seconds()),
                self.http.stream("POST", self.url, data=form, headers=headers) as answer,
            ):
                status, body = answer.status_code, await read_at_most(LARGEST_BODY, answer)
                wait = parse_retry_after(answer.headers.get("retry-after"), self.now())
        except (httpx.HTTPError, TimeoutError) as error:
            # `from None`: a traceback may be logged, and httpx's error holds the request, with the secret in its body
            raise CredentialsError(f"the token endpoint did not answer ({type(error).__name__})") from None
        if status != OK:
            self._not_before = self.now() + wait if wait else None
            raise CredentialsError(f"the token endpoint answered {status}{_code(body)}")
        try:
            return _Granted.model_validate_json(body)
        except ValidationError:
            raise CredentialsError("the token endpoint answered 200 without a usable access_token") from None


def _code(body: bytes) -> str:
    try:
        return f" {_Refused.model_validate_json(body).error}"
    except ValidationError:
        return ""
