"""No answer of the platform, and nothing that a user does, lets watches ask early: counted at the platform's door."""

import asyncio
import json
from datetime import datetime, timedelta

import pytest

from shared.apis.schedules import SCHEDULES as API
from shared.core.remote import Response
from tests.builders import NOON
from tests.simulation.test_limits import Sky

MINUTE = timedelta(minutes=1)
STEP = API.faults.delays[0]
PAST = "Sun, 06 Nov 1994 08:49:37 GMT"
QUOTA = b'{"statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 00:45:12."}'


class Door(Sky):
    """A platform that always gives one answer, and notes when it was asked."""

    answer = Response(200)

    def __post_init__(self):
        super().__post_init__()
        self.asked: list[datetime] = []

    async def _fetch(self, request, within):  # noqa: ARG002
        self.asked.append(self.now)
        return self.answer

    def storm(self, answer, watches, lasts=MINUTE):
        """Start watches, and return how many requests are made in so long a time."""
        self.answer = answer
        asyncio.run(self._storm(watches, lasts))
        return len(self.asked)

    async def _storm(self, watches, lasts):
        for number in range(watches):
            job = {"scheduleId": "s", "operationId": str(number)}
            await self._any().starter.start(API, job, self.now, self.now + API.lifetime)
        while self.queue and self.queue[0][0] < NOON + lasts:
            await self._next()


@pytest.mark.parametrize("processes", [1, 4])
@pytest.mark.parametrize("told", ["0", "1", "0.2", PAST])
@pytest.mark.parametrize("status", [500, 503, 401])
def test_a_retry_after_of_nothing_is_no_licence_to_storm(status, told, processes):
    """Each watch keeps to the first step of the fault schedule: four requests a minute."""
    asked = Door(processes=processes).storm(Response(status, {"retry-after": told}), watches=25)

    assert 25 <= asked <= 25 * (MINUTE // STEP)


@pytest.mark.parametrize("processes", [1, 4])
@pytest.mark.parametrize("told", ["0", "1", PAST])
def test_a_429_without_a_wait_shuts_the_gate_for_longer_each_time(told, processes):
    """Each process finds out for itself at first, before it reads what the others have shut."""
    asked = Door(processes=processes).storm(Response(429, {"retry-after": told}), watches=1000)

    assert asked <= 20 * processes


@pytest.mark.parametrize("processes", [1, 4])
def test_a_quota_is_asked_for_once(processes):
    asked = Door(processes=processes).storm(Response(403, {}, QUOTA), watches=1000, lasts=timedelta(minutes=45))

    assert asked <= processes


def test_many_503s_with_the_same_date_come_back_spread():
    """A thousand watches ask within the minute that follows, not at one moment."""
    door = Door(limit=10**9)
    answer = Response(503, {"retry-after": (NOON + 2 * MINUTE).strftime("%a, %d %b %Y %H:%M:%S GMT")})
    door.storm(answer, watches=1000, lasts=3.5 * MINUTE)
    again = [(asked - NOON - 2 * MINUTE).total_seconds() for asked in door.asked[1000:]]

    assert min(again) >= 0
    assert sum(each < STEP.total_seconds() for each in again) <= 300  # those who come later may have come before


@pytest.mark.parametrize(("word", "stops", "least"), [("Succeeded", False, 5), ("Started", True, 4)])
def test_clicks_in_quick_succession_neither_ask_early_nor_starve_the_watch(word, stops, least):
    """A restart each second, of a watch that has ended or that is stopped each time."""
    door = Door()
    door.answer = Response(200, {}, json.dumps({"operation": {"status": word}}).encode())
    job = {"scheduleId": "s", "operationId": "1"}

    async def user():
        for second in range(60):
            door.now = NOON + timedelta(seconds=second)
            app = door._any()
            started = await app.starter.start(API, job, door.now, door.now + API.lifetime, restart=True)
            while door.queue and door.queue[0][0] <= door.now:
                await door._next()
            if stops:
                await app.stopper.stop(started.watch.id)

    asyncio.run(user())

    assert least <= len(door.asked) <= MINUTE // API.polling.delays[0]
