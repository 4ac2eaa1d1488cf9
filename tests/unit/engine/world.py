"""The engine, one call at a time, over stores in memory: what it keeps, sends, records and announces."""

import asyncio
import json
from datetime import timedelta

from shared.apis.reality_analysis import REALITY_ANALYSIS
from shared.core.model import Ticket
from shared.core.remote import Response, watch_id
from shared.engine.deliver import deliver
from shared.engine.reviver import GRACE
from tests.builders import NOON
from tests.engine import Ports
from tests.memory import MemoryRows, MemoryWatches

JOB = {"jobId": "j"}
ID = watch_id(REALITY_ANALYSIS, JOB)
LATE = GRACE + timedelta(seconds=1)


class World:
    """The engine, and what it did."""

    def __init__(self):
        self.now = NOON
        self.state = "active"
        self.store, self.callbacks = MemoryWatches(), MemoryRows()
        self.sent, self.asked, self.recorded, self.announced, self.rejected = [], [], [], [], []
        self.broken = None  #: an error that announcing raises
        self.ports = Ports(
            watches=self.store,
            callbacks=self.callbacks,
            now=lambda: self.now,
            send=self._send,
            fetch=self._fetch,
            record=self._record,
            announce=self._announce,
            reject=self._reject,
        )

    async def _send(self, ticket, delay):
        self.sent.append((ticket, delay))

    async def _fetch(self, request, within):  # noqa: ARG002
        self.asked.append(request)
        return Response(200, body=json.dumps({"progress": {"state": self.state}}).encode())

    async def _record(self, watch, _):
        self.recorded.append(watch)

    async def _announce(self, watch, _):
        assert self.recorded, "announced before it was recorded"
        if self.broken:
            raise self.broken
        self.announced.append(watch)

    async def _reject(self, why, excerpt):
        self.rejected.append((why, excerpt))

    def start(self, **more):
        deadline = self.now + REALITY_ANALYSIS.lifetime
        return asyncio.run(self.ports.starter.start(REALITY_ANALYSIS, JOB, self.now, deadline, **more))

    def deliver(self, seq, message_id="m"):
        asyncio.run(deliver(self.ports.poller, Ticket(ID, seq), message_id))

    def receive_poisoned(self, seq):
        asyncio.run(self.ports.reviver.receive_poisoned(Ticket(ID, seq).to_json().encode()))

    def tend(self):
        failed, _ = asyncio.run(self.ports.tender.tend())
        return failed

    def stop(self):
        return asyncio.run(self.ports.stopper.stop(ID))

    @property
    def row(self):
        return asyncio.run(self.store.load(ID))
