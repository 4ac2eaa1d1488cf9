"""Access tokens: one request serves many callers, at a pace of its own, and no failure ever shows the secret."""

import asyncio
import json
import ssl
import traceback
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.credentials import LARGEST_BODY, RETRY_DELAYS, ClientCredentials, CredentialsError
from shared.core.schedule import ABSURD
from tests.builders import NOON

SECRET = "hunter2&=+% é"


class Endpoint:
    """A token endpoint and a clock.  It answers in turn with what it is given, then with numbered tokens."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.asked_at = []  #: seconds after noon
        self.spent = 0
        self.now = NOON
        self.life = 3600
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, request):
        self.requests.append(request)
        self.asked_at.append((self.now - NOON).total_seconds())
        number = len(self.requests)
        await self.open.wait()
        answer = self.answers.pop(0) if self.answers else granted(f"token-{number}", self.life)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self):
        return ClientCredentials(
            http=httpx.MockTransport(self),
            url="https://ims.example/connect/token",
            client_id="service-123",
            client_secret=SECRET,
            scope="itwin-platform",
            delays=RETRY_DELAYS,
            spend=self.spend,
            now=lambda: self.now,
        )

    def spend(self):
        self.spent += 1

    def at(self, seconds):
        self.now = NOON + timedelta(seconds=seconds)


def granted(token, life):
    return httpx.Response(200, json={"access_token": token, "expires_in": life, "token_type": "Bearer"})


async def tried(tokens):
    """The token, or why there is none."""
    try:
        return await tokens.token()
    except CredentialsError as error:
        return str(error)


def failures(answer):
    """What the caller learns that asked, and what one learns that comes later."""

    async def scenario():
        tokens = Endpoint(answer).client()
        errors = []
        for _ in range(2):
            with pytest.raises(CredentialsError) as caught:
                await tokens.token()
            errors.append(caught.value)
        return errors

    return asyncio.run(scenario())


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


def asked_at(*answers, until=600):
    """When an endpoint is asked that a caller wants a token of at each second; its tokens last."""

    async def scenario():
        endpoint = Endpoint(*answers)
        tokens = endpoint.client()
        for seconds in range(until):
            endpoint.at(seconds)
            await tried(tokens)
        return endpoint.asked_at

    return asyncio.run(scenario())


def test_an_endpoint_that_fails_is_asked_later_each_time():
    failing = [
        httpx.ConnectError("refused"),  # no answer,
        httpx.Response(401),  # a refusal,
        httpx.Response(200),  # or nothing usable
        *[httpx.Response(503) for _ in range(4)],
    ]

    assert asked_at(*failing, until=1200) == [0, 15, 45, 105, 225, 525, 825, 1125]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "40"}, 40),
        ({"Retry-After": "Fri, 20 Nov 2026 12:00:40 GMT"}, 40),
        ({"iTwinPlatform-RateLimit-Retry-After-Seconds": "39.5"}, 40),
        ({"Retry-After": "20", "iTwinPlatform-RateLimit-Retry-After-Seconds": "40"}, 40),
        ({"Retry-After": "7"}, 15),
        ({"Retry-After": "0"}, 15),
        ({"Retry-After": "Fri, 20 Nov 2026 11:00:00 GMT"}, 15),
        ({"Retry-After": "soon"}, 15),
        ({"Retry-After": str(ABSURD // timedelta(seconds=1) + 1)}, 15),
    ],
)
@pytest.mark.parametrize("status", [200, 429, 503])
def test_an_endpoint_can_ask_for_a_longer_wait_than_the_first_but_not_for_a_shorter_one(status, headers, wait):
    assert asked_at(httpx.Response(status, headers=headers)) == [0, wait]


def test_a_wait_that_it_asks_for_cuts_a_long_one_short_and_the_next_is_longer_again():
    told = httpx.Response(503, headers={"Retry-After": "1"})
    failing = [httpx.Response(503), httpx.Response(503), httpx.Response(503), told, httpx.Response(503)]

    assert asked_at(*failing) == [0, 15, 45, 105, 120, 420]


def test_a_token_that_serves_its_time_makes_the_waits_short_again():
    failing = [httpx.Response(503), httpx.Response(503)]

    assert asked_at(*failing, granted("token", 100), *failing) == [0, 15, 45, 95, 110, 140]


def test_fifty_turns_at_once_and_fifty_later_ask_an_endpoint_that_refuses_once():
    async def scenario():
        endpoint = Endpoint(*[oauth_error(401, error="invalid_client") for _ in range(2)])
        tokens = endpoint.client()
        said = set(await asyncio.gather(*(tried(tokens) for _ in range(50))))
        for turn in range(50):
            endpoint.at(turn * 14.9 / 49)
            said.add(await tried(tokens))
        before = len(endpoint.requests)
        endpoint.at(15)
        later = set(await asyncio.gather(*(tried(tokens) for _ in range(50))))
        return said, before, later, len(endpoint.requests), endpoint.spent

    refused = "the token endpoint answered 401 invalid_client; it is asked again at "
    assert asyncio.run(scenario()) == ({refused + "12:00:15 UTC"}, 1, {refused + "12:00:45 UTC"}, 2, 2)


def test_a_wait_begins_with_the_failure_and_not_with_the_question():
    async def scenario():
        endpoint = Endpoint(httpx.Response(503))
        endpoint.open.clear()
        tokens = endpoint.client()
        asking = asyncio.create_task(tried(tokens))
        await asyncio.sleep(0.01)
        endpoint.at(14)
        endpoint.open.set()
        await asking
        for seconds in (28.9, 29):
            endpoint.at(seconds)
            await tried(tokens)
        return endpoint.asked_at

    assert asyncio.run(scenario()) == [0, 29]


def test_a_token_is_used_to_its_end_while_no_other_can_be_had():
    async def scenario():
        endpoint = Endpoint(granted("first", 3600), *[httpx.Response(503) for _ in range(3)])
        tokens = endpoint.client()
        seen = []
        for seconds in (0, 3539, 3540, 3554, 3555, 3584, 3585, 3599, 3600, 3644, 3645):
            endpoint.at(seconds)
            seen.append(await tried(tokens))
        return seen, endpoint.asked_at

    assert asyncio.run(scenario()) == (
        ["first"] * 8 + ["the token endpoint answered 503; it is asked again at 13:00:45 UTC"] * 2 + ["token-5"],
        [0, 3540, 3555, 3585, 3645],
    )


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


def test_fifty_refused_callers_get_one_new_token():
    """Each forgets the token that it was refused with, before or after the others got a new one."""

    async def scenario():
        endpoint = Endpoint()
        tokens = endpoint.client()
        await tokens.token()
        endpoint.at(15)

        async def caller(pause):
            token = await tokens.token()
            await asyncio.sleep(pause)
            tokens.forget(token)
            return await tokens.token()

        return await asyncio.gather(*(caller(0.001 * (number % 5)) for number in range(50))), len(endpoint.requests)

    assert asyncio.run(scenario()) == (["token-2"] * 50, 2)


def test_a_token_that_is_rejected_while_it_is_new_is_kept_until_another_may_be_asked_for():
    async def scenario():
        endpoint = Endpoint()
        tokens = endpoint.client()
        seen = []
        for seconds in (0, 1, 14.9, 15, 44.9, 45, 104.9, 105):
            endpoint.at(seconds)
            token = await tokens.token()
            for _ in range(50):  # as many turns count once
                tokens.forget(token)
            seen.append(await tokens.token())
            tokens.forget(seen[-1])
        return seen, endpoint.asked_at

    assert asyncio.run(scenario()) == (
        ["token-1", "token-1", "token-1", "token-2", "token-2", "token-3", "token-3", "token-4"],
        [0, 15, 45, 105],
    )


def test_a_token_that_is_rejected_after_it_was_good_for_a_step_makes_way_at_once():
    async def scenario():
        endpoint = Endpoint()
        tokens = endpoint.client()
        await tokens.token()
        for seconds in (15, 30, 45):
            endpoint.at(seconds)
            tokens.forget(await tokens.token())
            await tokens.token()
        return endpoint.asked_at

    assert asyncio.run(scenario()) == [0, 15, 30, 45]


def test_rejections_and_failures_lengthen_the_same_waits():
    async def scenario():
        endpoint = Endpoint(httpx.Response(503), granted("first", 3600), httpx.Response(503))
        tokens = endpoint.client()
        for seconds in range(300):
            endpoint.at(seconds)
            tokens.forget(await tried(tokens))
            await tried(tokens)
        return endpoint.asked_at

    assert asyncio.run(scenario()) == [0, 15, 45, 105, 225]


def test_a_new_token_that_is_rejected_and_has_ended_is_not_given_out():
    async def scenario():
        endpoint = Endpoint(granted("first", 5))
        tokens = endpoint.client()
        seen = []
        for seconds in (0, 4.9, 5, 14.9, 15):
            endpoint.at(seconds)
            seen.append(await tried(tokens))
            tokens.forget("first")
        return seen

    error = "the platform rejects new tokens of the token endpoint; it is asked again at 12:00:15 UTC"
    assert asyncio.run(scenario()) == ["first", "first", error, error, "token-2"]


def a_refusal(wait):
    return httpx.Response(503, headers={} if wait is None else {"Retry-After": str(wait)})


@given(
    st.lists(st.none() | st.integers(0, 100), max_size=5),
    st.lists(st.tuples(st.floats(0, 40), st.booleans(), st.booleans()), max_size=50),
)
def test_nothing_makes_two_requests_closer_than_the_first_delay(waits, turns):
    async def scenario():
        endpoint = Endpoint(*map(a_refusal, waits))
        tokens = endpoint.client()
        for pause, rejects, tries in turns:
            endpoint.now += timedelta(seconds=pause)
            if tries:
                await tokens.refusal()
            token = await tried(tokens)
            if rejects:
                tokens.forget(token)
                await tried(tokens)
        return endpoint

    endpoint = asyncio.run(scenario())

    assert all(round(later - one, 6) >= 15 for one, later in pairwise(endpoint.asked_at))
    assert endpoint.spent == len(endpoint.requests)


@pytest.mark.parametrize("other", ["", "token-0", "TOKEN-1", "token-1 "])
def test_forgetting_another_token_changes_nothing(other):
    async def scenario():
        endpoint = Endpoint()
        tokens = endpoint.client()
        await tokens.token()
        endpoint.at(15)
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


#: Of tokens that `Authorization: Bearer` is not for.
TYPES = ["mac", "DPoP", "", "Bearer2", "N_A", ["Bearer"], 7, True]


def typed(kind):
    return httpx.Response(200, json={"access_token": "token", "token_type": kind})


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER", " Bearer ", None])
def test_a_bearer_token_is_one_however_it_is_written(kind):
    assert asyncio.run(Endpoint(typed(kind)).client().token()) == "token"


#: Written as JSON.
ODD_LIVES = ["-1", "-0.001", "1e999", "NaN", "Infinity", "-Infinity", "31536001", "1" + "0" * 400]
ODD_LIVES += ["null", "true", "[3600]", "{}", '"soon"', '""', '"-5"', '"nan"', '"inf"', '"1e999"', '"31536001"']


@pytest.mark.parametrize("life", ODD_LIVES)
def test_a_token_whose_life_cannot_be_believed_is_kept_for_some_minutes(life):
    async def scenario():
        odd = httpx.Response(200, content=b'{"access_token": "first", "expires_in": %s}' % life.encode())
        endpoint = Endpoint(odd)
        tokens = endpoint.client()
        seen = [await tokens.token()]
        for minutes in (3.9, 4):
            endpoint.now = NOON + timedelta(minutes=minutes)
            seen.append(await tokens.token())
        return seen

    assert asyncio.run(scenario()) == ["first", "first", "token-2"]


def test_a_caller_that_is_cancelled_is_not_told_of_a_failure():
    async def scenario():
        endpoint = Endpoint()
        endpoint.open.clear()
        caller = asyncio.create_task(endpoint.client().token())
        await asyncio.sleep(0.01)
        caller.cancel()
        endpoint.open.set()
        with pytest.raises(asyncio.CancelledError):
            await caller

    asyncio.run(scenario())


def test_to_try_the_credentials_is_to_ask_for_a_token_though_there_is_one():
    async def scenario():
        endpoint = Endpoint(granted("old", 3600), oauth_error(401, error="invalid_client"))
        tokens = endpoint.client()
        seen = [await tokens.token()]
        for seconds in (14.9, 15, 29.9):  # the token is the proof; then the secret is dead; and it is left alone
            endpoint.at(seconds)
            seen += [await tokens.refusal(), await tokens.token()]
        endpoint.at(30)
        seen += [await tokens.refusal(), await tokens.token()]
        return seen, endpoint.asked_at

    dead = "the token endpoint answered 401 invalid_client; it is asked again at 12:00:30 UTC"
    assert asyncio.run(scenario()) == (
        ["old", "", "old", dead, "old", dead, "old", "", "token-3"],
        [0, 15, 30],
    )


def test_fifty_that_try_the_credentials_at_once_make_one_request():
    async def scenario():
        endpoint = Endpoint(httpx.Response(503))
        tokens = endpoint.client()
        said = await asyncio.gather(*(tokens.refusal() for _ in range(50)), *(tried(tokens) for _ in range(50)))
        return set(said), endpoint.asked_at, endpoint.spent

    why = "the token endpoint answered 503; it is asked again at 12:00:15 UTC"
    assert asyncio.run(scenario()) == ({why}, [0], 1)


def test_what_the_platform_rejects_when_it_is_new_proves_nothing():
    async def scenario():
        endpoint = Endpoint()
        tokens = endpoint.client()
        tokens.forget(await tokens.token())
        return await tokens.refusal(), endpoint.asked_at

    said = "the platform rejects new tokens of the token endpoint; it is asked again at 12:00:15 UTC"
    assert asyncio.run(scenario()) == (said, [0])


def test_to_try_the_credentials_does_not_shorten_the_waits_after_failures():
    async def scenario():
        endpoint = Endpoint(*[httpx.Response(503)] * 3)  # a token at 105 s, and a step is 120 s by then
        tokens = endpoint.client()
        for seconds in range(300):
            endpoint.at(seconds)
            if seconds < 120:
                await tried(tokens)
            elif not await tokens.refusal():
                tokens.forget(await tokens.token())
        return endpoint.asked_at

    assert asyncio.run(scenario()) == [0, 15, 45, 105, 120, 240]


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
        (granted("t" * LARGEST_BODY, 3600), "answered 200 with a body of over 64 KiB"),
        (httpx.Response(400, content=b"[" * 50_000), "answered 400"),
        (httpx.Response(200, content=b"[" * 50_000), "answered 200 without a usable access_token"),
        (httpx.Response(200, content=b'{"a":' * 10_000), "answered 200 without a usable access_token"),
        (httpx.Response(200, json="token"), "answered 200 without a usable access_token"),
        *[(typed(kind), "answered 200 with a token_type other than Bearer") for kind in TYPES],
        (httpx.InvalidURL(SECRET), "did not answer (InvalidURL)"),
        (RuntimeError(SECRET), "did not answer (RuntimeError)"),
        (ssl.SSLError(SECRET), "did not answer (SSLError)"),
        (OSError(SECRET), "did not answer (OSError)"),
        (UnicodeEncodeError("idna", SECRET, 0, 1, SECRET), "did not answer (UnicodeEncodeError)"),
        (ExceptionGroup(SECRET, [ValueError(SECRET)]), "did not answer (ExceptionGroup)"),
    ],
)
def test_a_failure_says_what_happened_and_shows_no_secret(answer, said):
    for error in failures(answer):
        assert str(error).startswith("the token endpoint " + said)
        assert str(error).endswith("; it is asked again at 12:00:15 UTC")
        assert SECRET not in repr(error) + "".join(traceback.format_exception(error))
        assert "hunter2" not in repr(error) + "".join(traceback.format_exception(error))


def test_only_the_codes_of_rfc_6749_are_repeated():
    error, _ = failures(oauth_error(400, error="unknown", error_description="x"))

    assert str(error) == "the token endpoint answered 400; it is asked again at 12:00:15 UTC"


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
