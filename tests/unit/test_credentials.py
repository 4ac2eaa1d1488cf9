"""Access tokens: one request serves many callers, and no failure ever shows the secret."""

import asyncio
import json
import traceback
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.credentials import LARGEST_BODY, ClientCredentials, CredentialsError
from tests.builders import NOON

SECRET = "hunter2&=+% é"


class Endpoint:
    """A token endpoint and a clock.  It answers in turn with what it is given, then with numbered tokens."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.now = NOON
        self.life = 3600
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, request):
        self.requests.append(request)
        number = len(self.requests)
        await self.open.wait()
        answer = self.answers.pop(0) if self.answers else granted(f"token-{number}", self.life)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self):
        return ClientCredentials(
            http=httpx.AsyncClient(transport=httpx.MockTransport(self)),
            url="https://ims.example/connect/token",
            client_id="service-123",
            client_secret=SECRET,
            scope="itwin-platform",
            now=lambda: self.now,
        )


def granted(token, life):
    return httpx.Response(200, json={"access_token": token, "expires_in": life, "token_type": "Bearer"})


def failure(*answers):
    async def ask():
        with pytest.raises(CredentialsError) as caught:
            await Endpoint(*answers).client().token()
        return caught.value

    return asyncio.run(ask())


def test_the_request_is_that_of_rfc_6749():
    async def scenario():
        endpoint = Endpoint()
        await endpoint.client().token()
        return endpoint.requests[0]

    request = asyncio.run(scenario())

    assert (request.method, str(request.url)) == ("POST", "https://ims.example/connect/token")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"
    assert "authorization" not in request.headers
    assert parse_qs(request.content.decode(), strict_parsing=True) == {
        "grant_type": ["client_credentials"],
        "client_id": ["service-123"],
        "client_secret": [SECRET],
        "scope": ["itwin-platform"],
    }


@pytest.mark.parametrize(
    ("life", "kept"),
    [
        (3600, 3540),  # until a minute before the end
        (121, 61),
        (120, 60),  # from here on, half of it
        (60, 30),
        (1, 0.5),
        (3600.5, 3540.5),
        ("3600", 3540),  # some servers send text
    ],
)
def test_a_token_is_kept_until_a_minute_before_its_end_or_for_half_of_a_short_life(life, kept):
    async def scenario():
        endpoint = Endpoint()
        endpoint.life = life
        tokens = endpoint.client()
        seen = [await tokens.token()]
        for instant in (kept - 0.001, kept):
            endpoint.now = NOON + timedelta(seconds=instant)
            seen.append(await tokens.token())
        return seen

    assert asyncio.run(scenario()) == ["token-1", "token-1", "token-2"]


@pytest.mark.parametrize("life", [0, None])
def test_a_token_of_no_stated_or_no_further_life_is_still_one(life):
    async def scenario():
        return await Endpoint(granted("token", life)).client().token()

    assert asyncio.run(scenario()) == "token"


def test_an_endpoint_that_says_when_to_come_back_is_left_alone_until_then():
    async def scenario():
        endpoint = Endpoint(httpx.Response(429, headers={"Retry-After": "30"}))
        tokens = endpoint.client()
        for seconds in (0, 29.9):
            endpoint.now = NOON + timedelta(seconds=seconds)
            with pytest.raises(CredentialsError):
                await tokens.token()
        endpoint.now = NOON + timedelta(seconds=30)
        return await tokens.token(), len(endpoint.requests)

    assert asyncio.run(scenario()) == ("token-2", 2)


def test_its_life_counts_from_the_question_and_not_from_the_answer():
    async def scenario():
        endpoint = Endpoint()
        endpoint.open.clear()
        tokens = endpoint.client()
        asking = asyncio.create_task(tokens.token())
        await asyncio.sleep(0.01)
        endpoint.now += timedelta(seconds=10)
        endpoint.open.set()
        first = await asking
        endpoint.now = NOON + timedelta(seconds=3540)
        return first, await tokens.token()

    assert asyncio.run(scenario()) == ("token-1", "token-2")


def test_a_token_without_a_stated_life_is_kept_for_some_minutes():
    async def scenario():
        endpoint = Endpoint(httpx.Response(200, json={"access_token": "first"}))
        tokens = endpoint.client()
        seen = [await tokens.token()]
        for minutes in (3.9, 4):
            endpoint.now = NOON + timedelta(minutes=minutes)
            seen.append(await tokens.token())
        return seen

    assert asyncio.run(scenario()) == ["first", "first", "token-2"]


def test_fifty_callers_at_once_make_one_request():
    async def scenario():
        endpoint = Endpoint()
        tokens = endpoint.client()
        return await asyncio.gather(*(tokens.token() for _ in range(50))), len(endpoint.requests)

    assert asyncio.run(scenario()) == (["token-1"] * 50, 1)


def test_fifty_callers_share_one_failure_and_the_next_one_asks_again():
    async def scenario():
        endpoint = Endpoint(httpx.Response(503))
        tokens = endpoint.client()
        seen = await asyncio.gather(*(tokens.token() for _ in range(50)), return_exceptions=True)
        return {type(one) for one in seen}, len(seen), await tokens.token(), len(endpoint.requests)

    assert asyncio.run(scenario()) == ({CredentialsError}, 50, "token-2", 2)


def test_a_failure_is_not_kept():
    async def scenario():
        endpoint = Endpoint(httpx.ConnectError("refused"), httpx.Response(503))
        tokens = endpoint.client()
        seen = [await asyncio.gather(tokens.token(), return_exceptions=True) for _ in range(3)]
        return [type(one).__name__ for (one,) in seen], len(endpoint.requests)

    assert asyncio.run(scenario()) == (["CredentialsError", "CredentialsError", "str"], 3)


def test_a_token_that_is_about_to_end_is_not_given_out_when_no_other_can_be_had():
    async def scenario():
        endpoint = Endpoint(granted("first", 3600), httpx.Response(503))
        tokens = endpoint.client()
        await tokens.token()
        endpoint.now += timedelta(hours=2)
        with pytest.raises(CredentialsError):
            await tokens.token()

    asyncio.run(scenario())


def test_fifty_refused_callers_get_one_new_token():
    """Each forgets the token that it was refused with, before or after the others got a new one."""

    async def scenario():
        endpoint = Endpoint()
        tokens = endpoint.client()

        async def caller(pause):
            token = await tokens.token()
            await asyncio.sleep(pause)
            tokens.forget(token)
            return await tokens.token()

        return await asyncio.gather(*(caller(0.001 * (number % 5)) for number in range(50))), len(endpoint.requests)

    assert asyncio.run(scenario()) == (["token-2"] * 50, 2)


@pytest.mark.parametrize("other", ["", "token-0", "TOKEN-1", "token-1 "])
def test_forgetting_another_token_changes_nothing(other):
    async def scenario():
        endpoint = Endpoint()
        tokens = endpoint.client()
        await tokens.token()
        tokens.forget(other)
        return await tokens.token()

    assert asyncio.run(scenario()) == "token-1"


@pytest.mark.parametrize("who", [0, 1])
def test_a_caller_that_gives_up_does_not_take_the_token_from_the_others(who):
    async def scenario():
        endpoint = Endpoint()
        endpoint.open.clear()
        tokens = endpoint.client()
        callers = [asyncio.create_task(tokens.token()) for _ in range(3)]
        await asyncio.sleep(0.01)
        callers[who].cancel()
        await asyncio.sleep(0)
        endpoint.open.set()
        return await asyncio.gather(*callers, return_exceptions=True), len(endpoint.requests)

    answers, requests = asyncio.run(scenario())

    assert isinstance(answers.pop(who), asyncio.CancelledError)
    assert (answers, requests) == (["token-1"] * 2, 1)


def test_a_failure_that_nobody_waits_for_any_more_is_silent(caplog):
    async def scenario():
        endpoint = Endpoint(httpx.Response(503))
        endpoint.open.clear()
        caller = asyncio.create_task(endpoint.client().token())
        await asyncio.sleep(0.01)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        endpoint.open.set()
        await asyncio.sleep(0.05)

    asyncio.run(scenario())

    assert caplog.records == []


def oauth_error(status, **members):
    return httpx.Response(status, json=members)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.ConnectError("refused: " + SECRET), "did not answer (ConnectError)"),
        (httpx.ReadTimeout("slow: " + SECRET), "did not answer (ReadTimeout)"),
        (httpx.RemoteProtocolError("garbled: " + SECRET), "did not answer (RemoteProtocolError)"),
        (TimeoutError(SECRET), "did not answer (TimeoutError)"),
        (oauth_error(400, error="invalid_client"), "answered 400 invalid_client"),
        (oauth_error(401, error="invalid_client", error_description=SECRET), "answered 401 invalid_client"),
        (oauth_error(400, error=SECRET), "answered 400"),
        (oauth_error(400, error=["invalid_client"]), "answered 400"),
        (httpx.Response(500, html=f"<html>{SECRET}</html>"), "answered 500"),
        (httpx.Response(302, headers={"Location": "https://evil.example/"}), "answered 302"),
        (httpx.Response(204), "answered 204"),
        (httpx.Response(200), "answered 200 without a usable access_token"),
        (httpx.Response(200, text=SECRET), "answered 200 without a usable access_token"),
        (httpx.Response(200, content=b"\xff" + SECRET.encode()), "answered 200 without a usable access_token"),
        (httpx.Response(200, json=[]), "answered 200 without a usable access_token"),
        (httpx.Response(200, json={"token": SECRET}), "answered 200 without a usable access_token"),
        (httpx.Response(200, json={"access_token": ""}), "answered 200 without a usable access_token"),
        (httpx.Response(200, json={"access_token": None}), "answered 200 without a usable access_token"),
        (httpx.Response(200, json={"access_token": [SECRET]}), "answered 200 without a usable access_token"),
        (granted("tok\nen", 3600), "answered 200 without a usable access_token"),
        (granted("token\n", 3600), "answered 200 without a usable access_token"),
        (granted("tok en", 3600), "answered 200 without a usable access_token"),
        (granted("tokén", 3600), "answered 200 without a usable access_token"),
        (granted("t" * LARGEST_BODY, 3600), "answered 200 without a usable access_token"),
        (granted("token", -1), "answered 200 without a usable access_token"),
        (granted("token", 10**400), "answered 200 without a usable access_token"),
        (granted("token", 1e18), "answered 200 without a usable access_token"),
        (granted("token", "soon"), "answered 200 without a usable access_token"),
        (httpx.Response(200, content=b'{"access_token": "t", "expires_in": NaN}'), "answered 200 without a usable"),
        (
            httpx.Response(200, content=b'{"access_token": "t", "expires_in": Infinity}'),
            "answered 200 without a usable",
        ),
        (httpx.Response(400, content=b"[" * 50_000), "answered 400"),
    ],
)
def test_a_failure_says_what_happened_and_shows_no_secret(answer, said):
    error = failure(answer)

    assert str(error).startswith("the token endpoint " + said)
    assert SECRET not in repr(error) + "".join(traceback.format_exception(error))
    assert "hunter2" not in repr(error) + "".join(traceback.format_exception(error))


def test_only_the_codes_of_rfc_6749_are_repeated():
    assert str(failure(oauth_error(400, error="unknown", error_description="x"))) == "the token endpoint answered 400"


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text() | st.integers() | st.floats(), st.lists).map(json.dumps)
)
def test_any_answer_is_a_token_or_a_credentials_error(content):
    async def scenario():
        with suppress(CredentialsError):
            assert await Endpoint(httpx.Response(200, content=content)).client().token()

    asyncio.run(scenario())


def test_showing_the_client_shows_no_secret():
    async def scenario():
        endpoint = Endpoint(granted("a-token", 3600))
        tokens = endpoint.client()
        await tokens.token()
        return repr(tokens)

    shown = asyncio.run(scenario())

    assert "hunter2" not in shown
    assert "a-token" not in shown
