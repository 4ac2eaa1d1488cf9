"""Sends messages, as the platform does or as the switches say, and records each attempt."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiohttp
from yarl import URL

from local.simulator.apis.start import guid4
from local.simulator.journal import KEPT
from local.simulator.webhooks.message import Message, signature
from local.simulator.webhooks.registry import Webhook, Webhooks
from local.simulator.webhooks.switches import Switches

#: "Answer within 5 seconds": a comment in Bentley's samples, iTwin/webhooks-api-samples.
TIMEOUT = 5.0

#: Requests under way together.  The platform's are unconfirmed.
AT_ONCE = 200

#: Seconds after which a message that is held back goes, even if no later one has gone before it.
HELD_FOR = 5.0

ACCEPTED = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request, or what was done instead."""

    time: datetime
    message: Message
    url: str
    number: int  #: of the attempt, from 1; 0 for a message that was lost
    rightly_signed: bool
    again: bool = False  #: of a message that had been accepted, or given up
    status: int | None = None
    error: str | None = None
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As `GET /_sim/deliveries` shows it: without secrets, and without the query, which holds a key."""
        return {
            "time": self.time.isoformat(timespec="microseconds"),
            "endedAt": self.message.ended.isoformat(timespec="microseconds"),
            "url": self.url.partition("?")[0],
            "webhookId": self.message.webhook_id,
            "messageId": self.message.id,
            "eventType": self.message.event_type,
            "iTwinId": self.message.itwin_id,
            "content": self.message.content,
            "attempt": self.number,
            "lost": self.number == 0,
            "again": self.again,
            "rightlySigned": self.rightly_signed,
            "status": self.status,
            "error": self.error,
            "seconds": round(self.seconds, 6),
        }


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one message."""

    lost: bool
    late: float
    doubled: bool
    held: bool
    rightly_signed: bool


class Sender:
    """Sends to all webhooks."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self.forget()

    def forget(self) -> None:
        """Drop what is under way, and turn off all switches."""
        self._cancel()
        self.switches = Switches()
        self.attempts: deque[Attempt] = deque(maxlen=KEPT)
        self._chance = random.Random(0)  # noqa: S311 - the same with each run
        self._held: dict[str, list[asyncio.Event]] = {}  #: what lets messages go that are held back, by webhook
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def close(self) -> None:
        """Stop sending."""
        self._cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def tell(
        self, webhooks: Webhooks, event_type: str, content: Mapping[str, Any], itwin_id: str, ended: datetime
    ) -> int:
        """Send an event to all webhooks that want it; returns their number."""
        wanting = [webhook for webhook in webhooks.all() if webhook.wants(event_type, itwin_id)]
        for webhook in wanting:
            now = datetime.now(UTC)
            message = Message(guid4(), webhook.id, event_type, self._said(content), itwin_id, now, ended)
            fate = self._draw()
            if fate.lost:
                self._record(message, webhook, number=0, rightly_signed=fate.rightly_signed)
            else:
                self._begin(self._send(partial(webhooks.get, webhook.id), message, fate))
        return len(wanting)

    def _said(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write the Boolean as the table of the page has it, or as its example does."""
        if not self.switches.boolean_as_text:
            return content
        return {name: str(value).lower() if isinstance(value, bool) else value for name, value in content.items()}

    def _draw(self) -> Fate:
        """Draw for each switch, so that turning one changes nothing for the others."""
        lost, late, doubled, held, wrong = (self._chance.random() for _ in range(5))
        at = self.switches
        return Fate(
            lost=lost < at.lost,
            late=at.late if late < at.late_share else 0.0,
            doubled=doubled < at.doubled,
            held=held < at.out_of_order,
            rightly_signed=wrong >= at.wrongly_signed,
        )

    async def _send(self, webhook: Callable[[], Webhook | None], message: Message, fate: Fate) -> None:
        await asyncio.sleep(fate.late)
        if fate.held:
            await self._overtaken(message)
        await self._until_accepted(webhook, message, rightly_signed=fate.rightly_signed)
        if fate.doubled and (at := webhook()):
            await self._attempt(at, message, number=1, rightly_signed=fate.rightly_signed, again=True)

    async def _overtaken(self, message: Message) -> None:
        """Wait until another message to the same webhook has been sent."""
        gone = asyncio.Event()
        self._held.setdefault(message.webhook_id, []).append(gone)
        try:
            async with asyncio.timeout(HELD_FOR):
                await gone.wait()
        except TimeoutError:
            if not gone.is_set():
                self._held[message.webhook_id].remove(gone)

    async def _until_accepted(
        self, webhook: Callable[[], Webhook | None], message: Message, *, rightly_signed: bool
    ) -> None:
        """Send it, again and again; to the webhook as it is by then."""
        for number, wait in enumerate((0.0, *self.switches.repeat_after), start=1):
            await asyncio.sleep(wait)
            at = webhook()
            if at is None or not at.active:
                return
            if await self._attempt(at, message, number=number, rightly_signed=rightly_signed):
                return

    async def _attempt(
        self, webhook: Webhook, message: Message, *, number: int, rightly_signed: bool, again: bool = False
    ) -> bool:
        """Send it once; returns whether it was accepted."""
        async with self._slots:
            clock = asyncio.get_running_loop().time
            began, now = clock(), datetime.now(UTC)
            status, error = await self._post(webhook, message, rightly_signed=rightly_signed)
            self._record(
                message,
                webhook,
                number=number,
                time=now,
                rightly_signed=rightly_signed,
                again=again,
                status=status,
                error=error,
                seconds=clock() - began,
            )
        for gone in self._held.pop(webhook.id, ()):
            gone.set()
        return status in ACCEPTED

    async def _post(self, webhook: Webhook, message: Message, *, rightly_signed: bool) -> tuple[int | None, str | None]:
        """Return the status, or why there is none."""
        body = message.body()
        secret = webhook.secret if rightly_signed else secrets.token_hex(32)
        headers = {"Content-Type": "application/json", "Signature": signature(secret, body)}
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        try:
            async with self._session.post(
                URL(webhook.callback_url, encoded=True),
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
            ) as answer:
                return answer.status, None
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is one
            return None, type(error).__name__

    def _record(self, message: Message, webhook: Webhook, *, time: datetime | None = None, **more: Any) -> None:
        at = time or datetime.now(UTC)
        self.attempts.append(Attempt(time=at, message=message, url=webhook.callback_url, **more))

    def _begin(self, sending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(sending)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()
