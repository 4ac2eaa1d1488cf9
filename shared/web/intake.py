"""Starts watches for HTTP callers: one, or a batch of up to a hundred, each of which succeeds or fails on its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from shared.core.callback_url import target
from shared.engine.ports import RETRYABLE, Unreadable
from shared.engine.starter import Started, Starter
from shared.web import problems
from shared.web.problems import Problem
from shared.web.requests import StartRequest

log = logging.getLogger("watch.starting")


@dataclass(frozen=True, slots=True)
class Intake:
    """Turns requests into watches of jobs on one platform."""

    starter: Starter
    now: Callable[[], datetime]
    origin: str
    callback_hosts: AbstractSet[str] = frozenset()
    wrong_settings: Sequence[str] = ()  #: those that keep callbacks off, though they are meant to be on

    async def start(self, wanted: StartRequest, begun_by: str = "", trace: str = "") -> Started:
        """Start one watch; raises `Problem`.

        `begun_by` is the hashed Idempotency-Key, and `trace` the caller's traceparent.
        """
        api, job = wanted.target(self.origin)
        now = self.now()
        return await self.starter.start(
            api,
            job,
            now,
            wanted.deadline_from(now, api.lifetime),
            wanted.labels,
            restart=wanted.restart,
            begun_by=begun_by,
            trace=trace,
            callback=self._callback(wanted),
        )

    def _callback(self, wanted: StartRequest) -> str:
        if wanted.callback is None:
            return ""
        if self.wrong_settings:
            unusable = f"the app cannot use its setting {' and '.join(self.wrong_settings)}"
            raise problems.wrong_callback(f"Callbacks are off: {unusable}. Ask its operator, or send no callback.")
        if not self.callback_hosts:
            raise problems.wrong_callback("Callbacks are off: CALLBACK_HOSTS is unset.")
        try:
            target(wanted.callback.url, self.callback_hosts)
        except ValueError as error:
            raise problems.wrong_callback(f"The URL {error}.") from None
        return wanted.callback.url

    async def start_all(
        self, wanted: Sequence[StartRequest | Problem], begun_by: str = "", trace: str = ""
    ) -> list[Started | Problem]:
        """Start a batch, all of it at once; returns the result of each item, in order.

        So entries of the list share a transaction, and rows come before tickets: else first turns would take the time
        of the starts that follow.
        """

        async def one(item: StartRequest | Problem) -> Started | Problem:
            if isinstance(item, Problem):
                return item
            try:
                return await self.start(item, begun_by, trace)
            except Problem as problem:
                return problem
            except Unreadable as error:
                log.error("row.unreadable %s", error)  # noqa: TRY400 -- the text says it all
                return problems.unreadable(error)
            except RETRYABLE as error:
                log.warning("start.failed error=%s: %s", type(error).__name__, error)
                return problems.unavailable("Storage did not respond as expected. Retry this item.")

        return list(await asyncio.gather(*map(one, wanted)))
