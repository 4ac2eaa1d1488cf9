"""GET /api/health: what is wrong with storage, the settings and, if the caller wants to know, the credentials."""

import asyncio
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from functions import health as functions_health
from shared import wiring
from shared.core.remote import Request, Response
from shared.settings import SettingsError
from shared.version import VERSION
from tests.builders import NOON
from tests.unit.test_fetch import GRANTED, PATH, Platform, http, wired

__all__ = ["wired"]

CONTEXT: Any = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=""))
WELL = {"status": "ok", "version": VERSION}
DEAD = http(401, b'{"error": "invalid_client", "error_description": "wrong secret s"}')


def storage_is(monkeypatch, *silent):
    """Let storage respond, apart from these."""

    async def silent_storage():
        return [*silent]

    monkeypatch.setattr(functions_health, "silent_storage", silent_storage)


async def health(query=""):
    """What the health check answers, storage being well."""
    request = func.HttpRequest(method="GET", url=f"https://x.example/api/health{query}", body=b"")
    response = await functions_health.health(request, CONTEXT)
    return response.status_code, json.loads(response.get_body())


@pytest.fixture
def clock(monkeypatch):
    """The time, in a list."""
    clock = [NOON]
    monkeypatch.setattr(wiring, "now", lambda: clock[0])
    storage_is(monkeypatch)
    return clock


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("query", "asked"), [("", 0), ("?deep=0", 0), ("?deep=false", 0), ("?deep=1", 1), ("?deep=true", 1)]
)
def test_a_token_is_asked_for_if_the_caller_wants_it(wired, query, asked):
    async def scenario():
        async with Platform(GRANTED) as platform:
            wired(platform.origin)
            return await health(query), len(platform.asked)

    assert asyncio.run(scenario()) == ((200, WELL), asked)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    "query", ["?deep", "?deep=", "?deep=yes", "?deep=TRUE", "?deep=2", "?deep=1&deep=1", "?shallow=1"]
)
def test_another_query_is_a_problem(wired, query):
    async def scenario():
        async with Platform() as platform:
            wired(platform.origin)
            return await health(query), platform.asked

    (status, body), asked = asyncio.run(scenario())

    assert (status, body["type"].rpartition(":")[2], asked) == (422, "invalid-query", [])


def test_a_dead_secret_is_seen_although_an_old_token_lives(wired, clock):
    """And that token goes on serving the watches, while the endpoint is left alone."""

    async def scenario():
        async with Platform(GRANTED, http(), DEAD, http(), GRANTED) as platform:
            fetch = wired(platform.origin)
            seen = [await fetch(Request(PATH, {}))]
            for seconds in (15, 29.9, 30):
                clock[0] = NOON + timedelta(seconds=seconds)
                seen.append(await asyncio.gather(*(health("?deep=1") for _ in range(10))))
                if seconds == 15:
                    seen.append(await fetch(Request(PATH, {})))
            return seen, [first.partition(" ")[0] for first, _ in platform.asked]

    (first, dead, second, still, well), asked = asyncio.run(scenario())

    assert isinstance(first, Response)
    assert isinstance(second, Response)
    assert dead == still
    assert well == [(200, WELL)] * 10
    assert asked == ["POST", "GET", "POST", "GET", "POST"]
    for status, body in dead:
        assert (status, body["type"].rpartition(":")[2]) == (503, "unavailable")
        assert "No access token for the platform: the token endpoint answered 401 invalid_client" in body["detail"]
        assert "wrong secret" not in str(body)


def test_a_token_of_some_seconds_ago_is_proof_enough(wired, clock):
    async def scenario():
        async with Platform(GRANTED, http()) as platform:
            fetch = wired(platform.origin)
            await fetch(Request(PATH, {}))
            clock[0] += timedelta(seconds=14)
            return await health("?deep=1"), len(platform.asked)

    assert asyncio.run(scenario()) == ((200, WELL), 2)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("query", ["", "?deep=1"])
def test_a_setting_that_turns_callbacks_off_is_named(wired, monkeypatch, query):
    monkeypatch.setenv("CALLBACK_HOSTS", "hooks.example.com")
    monkeypatch.setenv("CALLBACK_SECRET", "s3cr3t")

    async def scenario():
        async with Platform(GRANTED) as platform:
            wired(platform.origin)
            return await health(query)

    status, body = asyncio.run(scenario())

    assert (status, body["type"].rpartition(":")[2]) == (503, "misconfigured")
    assert [error["setting"] for error in body["errors"]] == ["CALLBACK_SECRET"]
    assert "s3cr3t" not in str(body)


@pytest.mark.usefixtures("clock")
def test_a_setting_that_turns_events_off_is_named_along_with_that_of_callbacks(wired, monkeypatch):
    monkeypatch.setenv("CALLBACK_HOSTS", "hooks.example.com")
    monkeypatch.setenv("WEBHOOK_SECRETS", "s3cr3t")

    async def scenario():
        async with Platform() as platform:
            wired(platform.origin)
            return await health()

    status, body = asyncio.run(scenario())

    assert (status, body["type"].rpartition(":")[2]) == (503, "misconfigured")
    assert {error["setting"] for error in body["errors"]} == {"CALLBACK_SECRET", "WEBHOOK_SECRETS"}
    assert "s3cr3t" not in str(body)


@pytest.mark.usefixtures("clock")
def test_storage_that_does_not_respond_is_named_before_all_else(wired, monkeypatch):
    monkeypatch.setenv("CALLBACK_HOSTS", "hooks.example.com")
    storage_is(monkeypatch, "the queue tickets")

    async def scenario():
        async with Platform() as platform:
            wired(platform.origin)
            return await health("?deep=1"), platform.asked

    (status, body), asked = asyncio.run(scenario())

    assert (status, body["type"].rpartition(":")[2], asked) == (503, "unavailable", [])
    assert "the queue tickets" in body["detail"]


@pytest.mark.usefixtures("clock")
def test_a_proxy_that_cannot_be_used_is_named(wired, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks://user:s3cr3t@x")
    with pytest.raises(SettingsError):
        wired("https://api.bentley.com")

    status, body = asyncio.run(health())

    assert (status, body["type"].rpartition(":")[2]) == (503, "misconfigured")
    assert [error["setting"] for error in body["errors"]] == ["HTTPS_PROXY"]
    assert "s3cr3t" not in str(body)
