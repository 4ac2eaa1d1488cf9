"""OAuth client credentials (RFC 6749, section 4.4): one shared access token, renewed before it expires.

docs/decisions/0003-own-token-cache.md lists the libraries that were considered.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import httpx

from shared.clients.exchange import HEADERS, Silence, exchange
from shared.core import untrusted
from shared.core.remote import told_wait
from shared.core.schedule import Schedule

TIMEOUT = timedelta(seconds=15)

#: A token is renewed this long before it expires, or at half its life if that is sooner.
MARGIN = timedelta(seconds=60)

#: For a response without an `expires_in`, which RFC 6749 only recommends, or with one that cannot be believed.
ASSUMED_LIFE = timedelta(minutes=5)

LONGEST_LIFE = timedelta(days=365)

#: How long the endpoint is left alone after a failure, further with each in a row.  As `RemoteApi.faults` begins, so
#: that the turn after a failed one finds it open again.
RETRY_DELAYS = Schedule.seconds(15, 30, 60, 120, 300)

LARGEST_BODY = 64 * 1024

LONG_AGO = datetime.min.replace(tzinfo=UTC)

OK = 200


class CredentialsError(Exception):
    """No token is available.  The text says why, without any secret."""


class TokenSource(Protocol):
    """A source of bearer tokens."""

    async def token(self) -> str:
        """Return a token that is presumably valid; raises `CredentialsError`."""

    def forget(self, token: str) -> None:
        """Drop a token that the platform rejected, unless it is too early for another."""


#: RFC 6749, section 5.2.  Only its codes are repeated: free text may hold the request.
CODES = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
}

#: What a header may carry.
TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class _Granted:
    access_token: str = field(repr=False)
    life: timedelta


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why there is no new token.  No exception: httpx's hold the request, and a traceback would show its secret."""

    why: str
    told: timedelta | None = None  #: how long the endpoint asks to wait


@dataclass(slots=True)
class ClientCredentials:
    """Tokens for one client.  Single flight: concurrent callers share one request and its failure.

    After a failure nobody can talk it into asking sooner than `delays` says: neither the endpoint, nor a platform that
    rejects what the endpoint grants, nor the number of callers.
    """

    http: httpx.AsyncBaseTransport
    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    delays: Schedule  #: between a failure and the next request, one further with each failure in a row
    spend: Callable[[], None]  #: counts one more request against the rate limit
    now: Callable[[], datetime]
    _token: str = field(default="", init=False, repr=False)
    _renew_at: datetime = field(default=LONG_AGO, init=False)
    _ends_at: datetime = field(default=LONG_AGO, init=False)
    _granted_at: datetime = field(default=LONG_AGO, init=False)
    _proven_at: datetime | None = field(default=None, init=False)  #: when the token will be a step old; None: it failed
    _failures: int = field(default=0, init=False)  #: in a row
    _why: str = field(default="", init=False)  #: the last failure
    _not_before: datetime = field(default=LONG_AGO, init=False)  #: no request until then
    _pending: asyncio.Task[str] | None = field(default=None, init=False, repr=False)

    async def token(self) -> str:
        """Return the token at hand, or a new one if it is about to expire; raises `CredentialsError`."""
        now = self.now()
        if self._token and now < self._renew_at:
            return self._token
        if now < self._not_before:
            return self._at_hand()
        return await self._renewed() or self._at_hand()

    async def refusal(self) -> str:
        """Ask for a token now, though there may be one at hand, and return why none is granted; "" if one is.

        The token at hand stays if so.  Within the first delay after a token was granted, that one is the proof.
        """
        now = self.now()
        if now >= self._not_before and (now < self._granted_at + self.delays.delay(0) or await self._renewed()):
            return ""
        return self._said()

    def forget(self, token: str) -> None:
        """Drop the token at hand if it is still this one: after a burst of 401s one new token serves all.

        One that is rejected before it is a step old counts as a failure, and stays until then: another new one would
        hardly do better, and while one API rejects it, others may not.
        """
        if token != self._token:
            return
        if self._proven_at is not None and self.now() < self._proven_at:
            self._fail("the platform rejects new tokens of the token endpoint", self._proven_at)
        if self.now() >= self._not_before:
            self._token = ""

    async def _renewed(self) -> str:
        """Return a new token; "" after a failure."""
        if self._pending is None or self._pending.done():
            self._pending = asyncio.create_task(self._renew())
        return await asyncio.shield(self._pending)  # a cancelled caller must not cancel the shared request

    async def _renew(self) -> str:
        asked_at = self.now()
        if self._proven_at is not None and asked_at >= min(self._proven_at, self._renew_at):
            self._failures = 0  # the last token served its time
        granted = await self._request()
        if isinstance(granted, _Failure):
            told, delay = granted.told, self.delays.delay
            wait = delay(self._failures) if told is None else max(told, delay(0))
            self._fail(granted.why, self.now() + wait)
            return ""
        self._token, self._ends_at = granted.access_token, asked_at + granted.life
        self._renew_at = self._ends_at - min(MARGIN, granted.life / 2)
        self._granted_at = self.now()
        self._proven_at = self._granted_at + self.delays.delay(self._failures)
        return self._token

    def _fail(self, why: str, not_before: datetime) -> None:
        self._why, self._not_before, self._proven_at = why, not_before, None
        self._failures += 1

    def _at_hand(self) -> str:
        if self._token and self.now() < self._ends_at:
            return self._token
        raise CredentialsError(self._said())

    def _said(self) -> str:
        return f"{self._why}; it is asked again at {self._not_before:%H:%M:%S} UTC"

    async def _request(self) -> _Granted | _Failure:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": self.scope,
        }
        request = httpx.Request("POST", self.url, headers={"Accept": "application/json", **HEADERS}, data=form)
        self.spend()
        answer = await exchange(self.http, request, largest=LARGEST_BODY, within=TIMEOUT)
        if isinstance(answer, Silence):
            return _Failure(f"the token endpoint did not answer ({answer.error})")
        told, body = told_wait(answer.headers, self.now()), untrusted.parse(answer.body)
        if answer.status != OK:
            code = untrusted.at("error", body)
            known = isinstance(code, str) and code in CODES
            return _Failure(f"the token endpoint answered {answer.status}" + (f" {code}" if known else ""), told)
        granted = f"with {answer.unread}" if answer.unread else _read(body)
        return _Failure(f"the token endpoint answered 200 {granted}", told) if isinstance(granted, str) else granted


def _read(body: Any) -> _Granted | str:
    """Read a grant (RFC 6749, section 5.1), or say what is wrong with it."""
    token, kind = untrusted.at("access_token", body), untrusted.at("token_type", body)
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        return "without a usable access_token"
    if kind is not None and (not isinstance(kind, str) or kind.strip().lower() != "bearer"):
        return "with a token_type other than Bearer"
    return _Granted(token, _life(untrusted.at("expires_in", body)))


def _life(seconds: Any) -> timedelta:
    """Read `expires_in`, which some servers send as text."""
    try:
        life = timedelta(seconds=float(seconds))
    except (TypeError, ValueError, OverflowError):  # "nan" is a ValueError of timedelta, "inf" an OverflowError
        return ASSUMED_LIFE
    believed = timedelta(0) <= life <= LONGEST_LIFE and not isinstance(seconds, bool)
    return life if believed else ASSUMED_LIFE
