"""Receives the events of the platform: what is signed wakes watches, and everything is counted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field

from shared.engine.ports import OUTAGE, Unreadable
from shared.engine.waker import Woken
from shared.web import problems
from shared.web.event import LARGEST_EVENT, read_event
from shared.web.problems import Problem
from shared.web.signature import Flaw, flaw

log = logging.getLogger("watch.receiving")

#: The platform waits for 5 s, and sends the event again later.
WAKING, TELLING = timedelta(seconds=3), timedelta(seconds=1)

UNSET = {"WEBHOOK_SECRETS": "is not set, so events are off"}

EMPTY = "The body is empty. Send it with a Content-Length: the Functions host drops chunked bodies."
REMEDIES = {
    Flaw.MISSING: "Send the header Signature: sha256=<hex>, the HMAC of the raw body.",
    Flaw.MALFORMED: "Send sha256= and 64 hex digits as Signature; there is no other algorithm.",
    Flaw.WRONG: "Sign the raw body with a secret of WEBHOOK_SECRETS: no signature of one of them fits it.",
}


class Result(StrEnum):
    """What became of a request.  Of several watches the first of these counts."""

    WOKEN = "woken"
    AGAIN = "again"  #: the event had woken the watch before
    ENDED = "ended"  #: the watch had ended, or knew how its job did
    UNREADABLE = "unreadable"  #: the row of the watch is
    UNWATCHED = "unwatched"  #: the job has no watch
    UNKNOWN = "unknown"  #: no event of an API here, or one without ids
    REFUSED = "refused"  #: not signed, too large, or events are off
    FAILED = "failed"  #: storage did: the platform sends it again


class EventDocument(BaseModel):
    """The answer to an event that is signed."""

    result: Literal["woken", "again", "ended", "unreadable", "unwatched", "unknown"] = Field(
        description="of several watches the first of these that applies"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What is told of a request: nothing that came with one that is not signed."""

    result: Result
    why: str = ""  #: it was refused, or failed
    kind: str = ""  #: the type of the event
    watches: Mapping[str, str] = field(default_factory=dict)  #: by API, those of which `result` tells


@dataclass(frozen=True, slots=True)
class Receiver:
    """Takes events.  Nothing is done for one that is not signed."""

    wake: Callable[[str, str], Awaitable[Woken]]
    tell: Callable[[Receipt], Awaitable[None]]
    secrets: Sequence[bytes]
    wrong_settings: Mapping[str, str] = field(default_factory=dict)  #: those that keep events off

    @property
    def off(self) -> Problem | None:
        """Why no event is taken, if none is: a 503, so that those of the meantime are sent again."""
        if self.secrets:
            return None
        return problems.misconfigured(dict(self.wrong_settings or UNSET))

    async def receive(self, body: bytes, signature: str | None) -> Result:
        """Wake the watches that an event is about; raises `Problem`, and whatever storage raises.

        What cannot be told is logged, and forgotten: a count is not worth another request of the platform.
        """
        if refusal := self._refusal(body, signature):
            why, problem = refusal
            await self._tell(Receipt(result=Result.REFUSED, why=why))
            raise problem
        event = read_event(body)
        try:
            async with asyncio.timeout(WAKING.total_seconds()):
                found = {api: await self._wake(watch, event.hash) for api, watch in event.watches.items()}
        except Exception as error:
            why = type(error).__name__
            await self._tell(Receipt(result=Result.FAILED, why=why, kind=event.kind, watches=event.watches))
            raise
        result = min(found.values(), key=[*Result].index, default=Result.UNKNOWN)
        concerned = {api: watch for api, watch in event.watches.items() if found[api] is result}
        await self._tell(Receipt(result=result, kind=event.kind, watches=concerned))
        return result

    def _refusal(self, body: bytes, signature: str | None) -> tuple[str, Problem] | None:
        """Say in a word, and as a problem, why a request is refused, if it is."""
        if off := self.off:
            return "settings", off
        if len(body) > LARGEST_EVENT:
            return "too-large", problems.too_large(LARGEST_EVENT)
        if not body:
            return "no-body", problems.wrong_signature(EMPTY)
        wrong = flaw(signature, body, self.secrets)
        return (wrong, problems.wrong_signature(REMEDIES[wrong])) if wrong else None

    async def _wake(self, watch: str, event: str) -> Result:
        try:
            return Result((await self.wake(watch, event)).value)
        except Unreadable as error:  # sending it again would not help: whoever mends the row makes it due
            log.error("row.unreadable %s", error)  # noqa: TRY400 -- the text says it all
            return Result.UNREADABLE

    async def _tell(self, receipt: Receipt) -> None:
        try:
            async with asyncio.timeout(TELLING.total_seconds()):
                await self.tell(receipt)
        except OUTAGE as error:
            log.warning("event.untold result=%s why=%s error=%s", receipt.result, receipt.why, type(error).__name__)
