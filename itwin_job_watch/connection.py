"""Requests to the app, repeated while that may help."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, TypeVar

import anyio
import httpx

from itwin_job_watch.address import app_key, app_token, app_url
from itwin_job_watch.answers import body_of, no_answer
from itwin_job_watch.errors import JobWatchError, UnavailableError, UnexpectedAnswerError, closed, say
from itwin_job_watch.pauses import pause
from itwin_job_watch.proxies import transport_to
from itwin_job_watch.version import USER_AGENT

#: Attempts of a request, unless somebody waits for its answer.
TRIES = 4

#: Seconds that an answer may take.
PATIENCE = 30.0

#: Seconds that the first answer may take if there is hardly any time.
FIRST_LOOKS = 10.0

#: Seconds after which a further outage is told: an app that fails every other time fills no screen.
QUIET = 60.0

#: Characters of a key or token from which on an answer that repeats it is shown without it; a shorter one is a word.
SHORTEST_SECRET = 8

Read = TypeVar("Read")
Sleep = Callable[[float], Awaitable[None]]
Clock = Callable[[], float]


class Outages:
    """Tells once per outage that requests are repeated, and why."""

    def __init__(self, clock: Clock, tell: Callable[[str], object]) -> None:
        self._clock, self._tell = clock, tell
        self._told, self._told_at = False, -math.inf

    def failed(self, error: JobWatchError) -> None:
        """A request failed, and will be repeated."""
        if not self._told and self._clock() - self._told_at >= QUIET:
            self._told, self._told_at = True, self._clock()
            self._tell(f"Trying again: {error}")

    def ended(self) -> None:
        """All is well again."""
        self._told = False


class Connection:
    """One app."""

    def __init__(
        self,
        url: str,
        key: str,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        tell: Callable[[str], object] = say,
        token: str = "",
        sleep: Sleep | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`token` is for an app that also asks for one of Microsoft Entra; without it none is sent.

        `tell` is given a line for people when requests are repeated.
        """
        self.sleep, self.clock = sleep or anyio.sleep, clock or time.monotonic
        self.outages = Outages(self.clock, tell)
        self._url = app_url(url)
        secrets = [app_key(key), *([app_token(token)] if token else [])]
        self._secrets = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
        bearer = {"authorization": f"Bearer {secrets[1]}"} if token else {}
        self._http = httpx.AsyncClient(
            base_url=self._url,
            headers={"x-functions-key": secrets[0], "user-agent": USER_AGENT, **bearer},
            transport=transport or transport_to(self._url),
        )
        self._has_answered = False  #: well, at least once
        self._is_down = False  #: the last request failed each time

    async def close(self) -> None:
        """Close what is open."""
        await self._http.aclose()

    async def request(
        self, method: str, path: str, read: Callable[[Any], Read], give_up: float | None = None, **more: Any
    ) -> Read:
        """Make a request, again and again until the clock passes `give_up`; without it a few times.

        `read` reads the body of the answer.  Raises `JobWatchError`.
        """
        until = math.inf if give_up is None else max(give_up, self.clock() + FIRST_LOOKS)
        for repetition in count():
            try:
                found = await self.once(method, path, read, min(PATIENCE, until - self.clock()), **more)
            except UnavailableError as error:
                wait = pause(repetition, error.retry_after)
                tries = 1 if self._is_down else TRIES  # others have tried
                if repetition + 1 >= tries if give_up is None else self.clock() + wait >= give_up:
                    self._is_down = True
                    raise
                self.outages.failed(error)
                await self.sleep(wait)
            else:
                self._is_down = False
                self.outages.ended()
                return found
        raise AssertionError("unreachable")

    async def once(
        self, method: str, path: str, read: Callable[[Any], Read], within: float = PATIENCE, **more: Any
    ) -> Read:
        """Make a request once, `within` so many seconds.

        Whatever is strange passes if the app has answered before, so it is there.
        """
        try:
            found = read(body_of(await self._exchange(method, path, within, **more), self._secrets))
        except UnexpectedAnswerError as error:
            if self._has_answered:
                raise UnavailableError(str(error)) from None
            raise
        self._has_answered = True
        return found

    async def _exchange(self, method: str, path: str, within: float, **more: Any) -> httpx.Response:
        if self._http.is_closed:
            raise closed()
        try:
            with anyio.fail_after(within):  # httpx bounds each part of an exchange, not their sum
                return await self._http.request(method, path, timeout=within, **more)
        except (httpx.RequestError, OSError) as error:
            raise no_answer(error, self._url) from None
