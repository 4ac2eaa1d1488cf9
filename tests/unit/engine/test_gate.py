"""The count of a process's own requests, in the gate."""

import asyncio
from datetime import timedelta

import pytest

from shared.core.rate_limit import GateState, LearnedRate
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


def test_an_api_with_a_learned_rate_does_not_starve_beside_a_busy_one():
    """The budget counts all APIs; what one has learned counts its own requests."""

    async def scenario():
        gate = SharedGate(nothing, nothing, no_watches, budget=None, now=lambda: NOON)
        gate._gates["slow"] = GateState(NOON, NOON, LearnedRate(10, 10, NOON))
        for _ in range(100):
            await gate.acquire("busy", timedelta(0))
        return [(await gate.acquire("slow", timedelta(0))).wait_until for _ in range(12)]

    assert asyncio.run(scenario()) == [None] * 11 + [NOON + timedelta(minutes=1)]


@pytest.mark.parametrize(("refused", "explains"), [(False, False), (True, True)])
def test_a_minute_with_a_429_proves_nothing_about_what_passes(refused, explains):
    """Thirty requests in each minute: a 429 to the last says something about the rate, unless as many passed before."""
    clock = [NOON]

    async def scenario():
        gate = SharedGate(nothing, nothing, no_watches, budget=None, now=lambda: clock[0])
        await gate.acquire("api", timedelta(0))
        for _ in range(2):
            clock[0] += timedelta(minutes=1)
            for _ in range(30):
                await gate.acquire("api", timedelta(0))
            if refused:
                await gate.refused("api", clock[0] - timedelta(seconds=1), timedelta(seconds=1))
                gate._gates.clear()
        gate._suspected_at.clear()
        return (await gate.refused("api", clock[0], timedelta(seconds=1))).wait_until is not None

    assert asyncio.run(scenario()) == explains
