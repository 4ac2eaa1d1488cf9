"""The whole engine, on the ports that a test brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.apis import APIS
from shared.core.callback import LIFETIME, RETRY_DELAYS
from shared.core.decide import REVIVAL_DELAYS
from shared.core.remote import RemoteApi
from shared.core.schedule import Schedule
from shared.engine.callback_sender import CallbackSender
from shared.engine.effects import Effects
from shared.engine.poller import Poller
from shared.engine.reviver import GRACE, Reviver
from shared.engine.starter import Starter
from shared.engine.stopper import Stopper
from shared.engine.tender import Tender
from shared.web.cloud_event import to_json
from tests.ports import NoGate, NoIndex, ignore, no_lock, no_paces, nothing


@dataclass(frozen=True)
class Ports:
    """What the engine needs of the world; a test names those that it looks at."""

    watches: Any
    callbacks: Any
    now: Any
    apis: Mapping[str, RemoteApi] = field(default_factory=lambda: APIS)
    index: Any = field(default_factory=NoIndex)
    gate: Any = field(default_factory=NoGate)
    send: Any = ignore
    send_callback: Any = ignore
    fetch: Any = ignore
    post: Any = ignore
    record: Any = ignore
    announce: Any = ignore
    reject: Any = ignore
    poisoned: Any = ignore
    fail: Any = ignore
    counted: Any = ignore
    shut_for_long: Any = ignore
    paces: Any = no_paces
    unreadable: Any = ignore
    unreadable_gates: Any = nothing
    tidy: Any = ignore
    lock: Any = no_lock
    draw: Callable[[], float] = lambda: 0.0
    delays: Schedule = REVIVAL_DELAYS
    retention: timedelta = timedelta(days=30)

    @property
    def effects(self) -> Effects:
        return Effects(
            watches=self.watches,
            callbacks=self.callbacks,
            index=self.index,
            send=self.send,
            send_callback=self.send_callback,
            record=self.record,
            announce=self.announce,
            body=lambda watch: to_json(watch, "urn:test"),
            callback_lifetime=LIFETIME,
            now=self.now,
        )

    @property
    def poller(self) -> Poller:
        return Poller(
            rows=self.watches,
            act=self.effects.act,
            apis=self.apis,
            fetch=self.fetch,
            gate=self.gate,
            lock=self.lock,
            reject=self.reject,
            now=self.now,
            draw=self.draw,
        )

    @property
    def starter(self) -> Starter:
        return Starter(rows=self.watches, act=self.effects.act, apis=self.apis, index=self.index, gate=self.gate)

    @property
    def stopper(self) -> Stopper:
        return Stopper(rows=self.watches, act=self.effects.act, now=self.now)

    @property
    def reviver(self) -> Reviver:
        return Reviver(
            rows=self.watches,
            act=self.effects.act,
            reject=self.reject,
            poisoned=self.poisoned,
            now=self.now,
            draw=self.draw,
            delays=self.delays,
            grace=GRACE,
        )

    @property
    def callback_sender(self) -> CallbackSender:
        return CallbackSender(
            rows=self.callbacks,
            send=self.send_callback,
            post=self.post,
            fail=self.fail,
            lock=self.lock,
            reject=self.reject,
            now=self.now,
            draw=self.draw,
            delays=RETRY_DELAYS,
        )

    @property
    def tender(self) -> Tender:
        return Tender(
            watches=self.watches,
            callbacks=self.callbacks,
            revive=self.reviver.revive,
            revive_callback=self.callback_sender.revive,
            counted=self.counted,
            shut_for_long=self.shut_for_long,
            paces=self.paces,
            now=self.now,
            grace=GRACE,
            retention=self.retention,
            unreadable=self.unreadable,
            unreadable_gates=self.unreadable_gates,
            tidy=self.tidy,
        )
