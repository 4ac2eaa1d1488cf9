"""A platform that rejects tokens for good: what it is asked, by turns and for tokens, at its door."""

import asyncio
from collections import Counter
from datetime import timedelta

import httpx

from shared.clients.credentials import RETRY_DELAYS, ClientCredentials
from shared.clients.platform import Fetcher
from shared.core.remote import NoResponse, Request
from tests.builders import NOON

TOKEN = "/connect/token"
GOOD, BAD = Request("/good", {}), Request("/bad", {})


class World:
    """The platform, its token endpoint and a clock.  What is under `/bad` rejects the tokens that `rejects` says."""

    def __init__(self, rejects=lambda _token, _now: True, life=3600):
        self.rejects = rejects
        self.life = life
        self.now = NOON
        self.door: Counter[str] = Counter()
        self.spent = 0
        http = httpx.MockTransport(self)
        tokens = ClientCredentials(
            http=http,
            url="https://api.example" + TOKEN,
            client_id="c",
            client_secret="s",
            scope="s",
            delays=RETRY_DELAYS,
            spend=self.spend,
            now=lambda: self.now,
        )
        self.fetch = Fetcher(http, "https://api.example", tokens, self.spend)

    async def __call__(self, request):
        self.door[request.url.path] += 1
        await asyncio.sleep(0)  # the others get their turn
        if request.url.path == TOKEN:
            granted = {"access_token": f"t{self.door[TOKEN]}", "expires_in": self.life}
            return httpx.Response(200, json=granted)
        token = int(request.headers["authorization"].removeprefix("Bearer t"))
        return httpx.Response(401 if request.url.path == BAD.path and self.rejects(token, self.now) else 200)

    def spend(self):
        self.spent += 1

    async def turns(self, *requests, seconds):
        """Give each of these a turn at the same time."""
        self.now = NOON + timedelta(seconds=seconds)
        return [getattr(answer, "status", None) for answer in await asyncio.gather(*map(self.fetch, requests))]


def test_120_turns_in_a_minute_make_122_requests_and_request_three_tokens():
    async def scenario():
        world = World()
        answers = [await world.turns(BAD, seconds=turn / 2) for turn in range(120)]
        return answers, world.door, world.spent

    answers, door, spent = asyncio.run(scenario())

    assert answers == [[401]] * 120
    assert door == {TOKEN: 3, BAD.path: 120 + 2}  # at 0, 15 and 45 s; with the first there is no other to try
    assert spent == 3 + 2


def test_an_hour_of_rejections_requests_a_token_every_five_minutes_in_the_end():
    async def scenario():
        world = World()
        for seconds in range(3600):
            await world.turns(BAD, seconds=seconds)
        return world.door

    assert asyncio.run(scenario()) == {TOKEN: 16, BAD.path: 3600 + 15}  # at 0, 15, 45, 105, 225, 525, 825 ... 3525 s


def test_turns_at_the_same_time_share_each_token():
    async def scenario():
        world = World()
        for seconds in (0, 14.9, 15, 44.9):
            await world.turns(*[BAD] * 50, seconds=seconds)
        return world.door

    assert asyncio.run(scenario()) == {TOKEN: 2, BAD.path: 200 + 50}


def test_what_one_api_rejects_is_kept_for_the_others():
    async def scenario():
        world = World()
        answers: Counter[int] = Counter()
        for seconds in range(3600):
            answers.update(await world.turns(BAD, GOOD, seconds=seconds))
        return answers, world.door[TOKEN]

    assert asyncio.run(scenario()) == ({401: 3600, 200: 3600}, 16)


def test_a_token_that_is_accepted_after_all_is_used():
    """A new one may not be known everywhere at once."""

    async def scenario():
        world = World(rejects=lambda _, now: now == NOON)
        return [await world.turns(BAD, seconds=seconds) for seconds in (0, 1, 3000)], world.door

    assert asyncio.run(scenario()) == ([[401], [200], [200]], {TOKEN: 1, BAD.path: 3})


def test_a_revoked_token_is_renewed_within_the_turn():
    async def scenario():
        world = World(rejects=lambda token, now: token == 1 and now > NOON)
        return [await world.turns(*[BAD] * 50, seconds=seconds) for seconds in (0, 15)], world.door, world.spent

    answers, door, spent = asyncio.run(scenario())

    assert answers == [[200] * 50] * 2
    assert door == {TOKEN: 2, BAD.path: 50 + 50 + 50}
    assert spent == 2 + 50


def test_a_turn_without_a_token_asks_the_platform_nothing():
    async def scenario():
        world = World(life=1)
        await world.turns(BAD, seconds=0)
        world.now += timedelta(seconds=10)
        return [await world.fetch(BAD) for _ in range(2)], world.door

    assert asyncio.run(scenario()) == (
        [
            NoResponse(
                "no access token: the platform rejects new tokens of the token endpoint; "
                "it is asked again at 12:00:15 UTC",
                token=True,
            )
        ]
        * 2,
        {TOKEN: 1, BAD.path: 1},
    )
