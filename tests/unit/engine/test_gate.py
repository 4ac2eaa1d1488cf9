"""The count of a process's own requests, in the gate."""

import asyncio
from datetime import timedelta

from shared.engine.gate import SharedGate
from tests.builders import NOON


async def nothing(*_):
    return {}


async def no_watches():
    return 0


def test_a_request_that_is_spent_counts_like_one_that_was_acquired():
    """A process may exceed the rate of ten a minute by half a request."""

    async def scenario(spent):
        gate = SharedGate(nothing, nothing, no_watches, budget=10, now=lambda: NOON)
        for _ in range(spent):
            gate.spend()
        return (await gate.acquire("api", timedelta(0))).wait_until

    assert [asyncio.run(scenario(spent)) for spent in (10, 11)] == [None, NOON + timedelta(minutes=1)]
