"""One turn of a watch: ask the API, unless it is too early, and decide."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.core.decide import advance, decide, not_yet, rate_limited
from shared.core.model import Fault, Observation, Watch
from shared.core.remote import NoResponse, RemoteApi, Request, Response, ask, observe
from shared.engine.ports import Gate, Lock, Reject, Store

log = logging.getLogger("watch")

#: The least time for the last question, which falls on the deadline: a watch ends no later than this after it.
LAST_QUESTION = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Poller:
    """Implements `Kind` for watches; see `deliver`."""

    rows: Store[Watch]
    act: Callable[[Watch], Awaitable[Watch]]  #: see `Effects`
    apis: Mapping[str, RemoteApi]
    fetch: Callable[[Request, timedelta], Awaitable[Response | NoResponse]]
    #: one GET within that time, its token and all; never raises for what the network does
    gate: Gate
    lock: Lock
    reject: Reject
    now: Callable[[], datetime]
    draw: Callable[[], float]  #: a random number in [0, 1)

    async def step(self, row: Watch, message_id: str) -> Watch:
        """Ask, and return the row after this turn."""
        api = self.apis[row.api]
        seen, spacing = await self._observe(api, row)
        now = self.now()
        return advance(row, seen, decide(row, seen, api, now, self.draw(), spacing=spacing), now, message_id)

    async def _observe(self, api: RemoteApi, watch: Watch) -> tuple[Observation, timedelta]:
        """Ask, unless it is too early; also the spacing between two turns that the rate limit wants."""
        if early := not_yet(watch, self.now()):
            return early, timedelta(0)
        clearance = await self.gate.acquire(api.name, api.polling.delay(watch.waits))
        if held := rate_limited(clearance, self.draw()):
            return held, clearance.spacing
        request, asked_at = ask(api, watch), self.now()
        within = max(LAST_QUESTION, watch.deadline - asked_at)
        seen = observe(api, request, await self.fetch(request, within), self.now())
        if isinstance(seen, Fault) and seen.throttled:
            retry_after = api.faults.delay(0) if seen.retry_after is None else seen.retry_after
            clearance = await self.gate.refused(api.name, asked_at, retry_after)
            seen = replace(seen, by_gate=clearance.wait_until is not None)
        return seen, clearance.spacing

    def log_step(self, before: Watch, after: Watch) -> None:
        """Log what changed; a poll that changes nothing is not worth a line."""
        if after.end is not None:
            log.info("watch.ended watch=%s api=%s outcome=%s", after.id, after.api, after.end.outcome)
        elif after.status != before.status:
            log.info("watch.moved watch=%s api=%s status=%r", after.id, after.api, after.status)
            if not self.apis[after.api].knows(after.status):
                log.warning("status.unknown api=%s status=%r: taken for a job still running", after.api, after.status)
        elif _begins_to_fail(before, after):
            log.info("watch.faulted watch=%s api=%s reason=%r", after.id, after.api, after.reason)


def _begins_to_fail(before: Watch, after: Watch) -> bool:
    """Whether this turn is the first that failed: neither the next one nor one that a gate holds back."""
    faulted = after.faults_in_a_row == 1 and after.faults > before.faults
    return faulted or (bool(after.failing) and not before.failing)
