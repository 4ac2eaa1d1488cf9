"""Starts watches as callers ask for them: one, or up to a hundred at once of which each succeeds or fails alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from shared.core.callback_url import target
from shared.engine.ports import HEALS
from shared.engine.starts import Started, Starts
from shared.web import problems
from shared.web.problems import Problem
from shared.web.requests import StartRequest

log = logging.getLogger("watch.starting")

#: Starts of one batch that are under way at a time, each of which takes three or four calls.
AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Starter:
    """Begins watches of jobs on one platform."""

    starts: Starts
    origin: str
    callback_hosts: AbstractSet[str] = frozenset()

    async def start(self, wanted: StartRequest, begun_by: str = "", trace: str = "") -> Started:
        """Begin one; raises `Problem`.

        `begun_by` names the request, if it may come again, and `trace` where it came from.
        """
        api, job = wanted.target(self.origin)
        return await self.starts.start(
            api,
            job,
            wanted.deadline_from(self.starts.now(), api.lifetime),
            wanted.labels,
            restart=wanted.restart,
            begun_by=begun_by,
            trace=trace,
            callback=self._callback(wanted),
        )

    def _callback(self, wanted: StartRequest) -> str:
        if wanted.callback is None:
            return ""
        if not self.callback_hosts:
            raise problems.wrong_callback("This app sends no callbacks: CALLBACK_HOSTS is not set.")
        try:
            target(wanted.callback.url, self.callback_hosts)
        except ValueError as error:
            raise problems.wrong_callback(f"The URL {error}.") from None
        return wanted.callback.url

    async def start_all(
        self, wanted: Sequence[StartRequest | Problem], begun_by: str = "", trace: str = ""
    ) -> list[Started | Problem]:
        """Begin many; gives for each, in order, what became of it."""
        room = asyncio.Semaphore(AT_ONCE)

        async def one(item: StartRequest | Problem) -> Started | Problem:
            if isinstance(item, Problem):
                return item
            async with room:
                try:
                    return await self.start(item, begun_by, trace)
                except Problem as problem:
                    return problem
                except HEALS as error:
                    log.warning("start.failed error=%s: %s", type(error).__name__, error)
                    return problems.unavailable("Storage did not answer as it should. Send this one again.")

        return list(await asyncio.gather(*map(one, wanted)))
