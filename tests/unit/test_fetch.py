"""One GET, against a server on loopback: what goes over the wire, and what comes of what comes back."""

import asyncio
import gzip
import json
import selectors
import ssl
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from shared import wiring
from shared.clients.credentials import RETRY_DELAYS, ClientCredentials, CredentialsError
from shared.clients.platform import LARGEST_BODY, LONGEST, Fetcher
from shared.clients.transport import AiohttpTransport
from shared.core.remote import WAITS, NoResponse, Request, Response
from tests.builders import NOON

PATH = "/realitydataanalysis/jobs/j1/progress"


class Platform:
    """A server that keeps what it is asked and answers in turn; a callable answers by itself."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.origin = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    async def serve(self, reader, writer):
        try:
            first, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
            self.asked.append(
                (first, {name.lower(): value for name, value in (line.split(": ", 1) for line in headers)})
            )
            answer = self.answers.pop(0)
            await (answer(writer) if callable(answer) else self.send(writer, answer))
        except (ConnectionError, asyncio.IncompleteReadError):  # the client went away
            pass
        finally:
            writer.close()

    async def send(self, writer, answer):
        writer.write(answer)
        await writer.drain()


class Tokens:
    """The tokens there are, each until it is forgotten; and how many requests were counted."""

    def __init__(self, *tokens, forgets=True):
        self.tokens = list(tokens)
        self.forgets = forgets
        self.forgotten = []
        self.spent = 0

    def spend(self):
        self.spent += 1

    async def token(self):
        if not self.tokens:
            raise CredentialsError("the token endpoint answered 400 invalid_client")
        return self.tokens[0]

    def forget(self, token):
        self.forgotten.append(token)
        if self.forgets and self.tokens[:1] == [token]:
            self.tokens.pop(0)


class HurriedSelector(selectors.DefaultSelector):
    """Waits a fraction of what it is asked to."""

    def __init__(self, speed):
        super().__init__()
        self.speed = speed

    def select(self, timeout=None):
        return super().select(timeout and timeout / self.speed)


class HurriedLoop(asyncio.SelectorEventLoop):
    """An event loop with shorter seconds."""

    def __init__(self, speed):
        super().__init__(HurriedSelector(speed))
        self.speed = speed

    def time(self):
        return super().time() * self.speed


def hurried(scenario, speed):
    with asyncio.Runner(loop_factory=lambda: HurriedLoop(speed)) as runner:
        return runner.run(scenario)


def http(status=200, body=b"{}", **headers):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def fetch(platform, request=None, tokens=None, within=LONGEST):
    async with platform, AiohttpTransport(ssl.create_default_context()) as http:
        tokens = tokens or Tokens("t1", "t2")
        spend = tokens.spend if isinstance(tokens, Tokens) else spend_nothing
        return await Fetcher(http, platform.origin, tokens, spend)(request or Request(PATH, {}), within)


def spend_nothing():
    pass


def fetched(*answers, tokens=None):
    """What comes of these answers, and how often it was asked."""
    platform = Platform(*answers)
    return asyncio.run(fetch(platform, tokens=tokens)), len(platform.asked)


def test_the_request_carries_the_token_and_the_apis_headers():
    platform = Platform(http())

    asyncio.run(fetch(platform, Request(PATH, {"Accept": "application/vnd.x+json", "If-None-Match": '"1"'})))

    ((first, headers),) = platform.asked
    assert first == f"GET {PATH} HTTP/1.1"
    assert headers["host"] == platform.origin.removeprefix("http://")
    assert (headers["authorization"], headers["accept"], headers["if-none-match"]) == (
        "Bearer t1",
        "application/vnd.x+json",
        '"1"',
    )


@pytest.mark.parametrize(
    "segment",
    ["a%2Fb", "100%25", "%252F", "%20", "%E2%82%AC", "%3Fx%23y", "%2E%2E%2Ex", "%5C", "%7BjobId%7D", "%40evil", "a~b"],
)
def test_a_percent_encoded_path_goes_over_the_wire_as_it_is(segment):
    platform = Platform(http())

    asyncio.run(fetch(platform, Request(f"/jobs/{segment}/progress", {})))

    assert platform.asked[0][0] == f"GET /jobs/{segment}/progress HTTP/1.1"


@pytest.mark.parametrize("status", [200, 204, 304, 400, 404, 429, 500, 503])
def test_any_answer_is_a_response(status):
    body = b"" if status in {204, 304} else b"body"

    response, asked = fetched(http(status, body, Retry_After="7", ETag='"x"'))

    assert isinstance(response, Response)
    assert (response.status, response.body, asked) == (status, body, 1)
    assert (response.headers["retry-after"], response.headers["etag"]) == ("7", '"x"')


def test_an_answer_may_have_a_large_header_but_no_endless_one():
    response, _ = fetched(http(X_Policy="a" * 30_000))
    endless, _ = fetched(http(X_Policy="a" * 1_000_000))

    assert (response.status, response.body) == (200, b"{}")
    assert endless == NoResponse("no answer: RemoteProtocolError")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    async def scenario():
        elsewhere, here = Platform(http()), Platform()
        async with elsewhere:
            here.answers.append(http(status, Location=elsewhere.origin + PATH))
            response = await fetch(here)
        return response.status, len(here.asked), len(elsewhere.asked)

    assert asyncio.run(scenario()) == (status, 1, 0)


def test_after_a_401_it_is_asked_once_more_with_another_token_and_that_is_counted():
    platform, tokens = Platform(http(401), http(200, b"ok")), Tokens("t1", "t2")

    response = asyncio.run(fetch(platform, tokens=tokens))

    assert (response.status, response.body) == (200, b"ok")
    assert [headers["authorization"] for _, headers in platform.asked] == ["Bearer t1", "Bearer t2"]
    assert (tokens.forgotten, tokens.spent) == (["t1"], 1)


@pytest.mark.parametrize("status", [200, 403, 429, 500])
def test_a_first_request_is_not_counted_again(status):
    tokens = Tokens("t1", "t2")

    fetched(http(status), tokens=tokens)

    assert (tokens.forgotten, tokens.spent) == ([], 0)


def test_a_second_401_is_an_answer_like_any_other_and_its_token_is_forgotten_too():
    tokens = Tokens("t1", "t2", "t3")

    response, asked = fetched(http(401), http(401, b"no"), http(200), tokens=tokens)

    assert (response.status, response.body, asked) == (401, b"no", 2)
    assert tokens.forgotten == ["t1", "t2"]


@pytest.mark.parametrize("name", WAITS)
@pytest.mark.parametrize("value", ["5", "0", "soon"])
def test_a_401_that_says_when_to_come_back_is_not_asked_again_before(name, value):
    tokens = Tokens("t1", "t2")

    response, asked = fetched(http(401, **{name: value}), http(200), tokens=tokens)

    assert (response.status, response.headers[name], asked) == (401, value, 1)
    assert (tokens.forgotten, tokens.spent) == (["t1"], 0)


@pytest.mark.parametrize("tokens", [Tokens("only"), Tokens("only", "other", forgets=False)], ids=["none", "the same"])
def test_a_401_after_which_there_is_no_other_token_is_the_answer(tokens):
    response, asked = fetched(http(401, b"no"), http(200), tokens=tokens)

    assert (response.status, response.body, asked) == (401, b"no", 1)
    assert (tokens.forgotten, tokens.spent) == (["only"], 0)


def test_without_a_token_nothing_is_asked():
    assert fetched(http(), tokens=Tokens()) == (
        NoResponse("no access token: the token endpoint answered 400 invalid_client", token=True),
        0,
    )


def test_a_refused_connection_is_no_response():
    async def scenario():
        async with Platform() as gone:
            pass
        async with AiohttpTransport(ssl.create_default_context()) as http:
            return await Fetcher(http, gone.origin, Tokens("t"), spend_nothing)(Request(PATH, {}))

    assert asyncio.run(scenario()) == NoResponse("no answer: ConnectError")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "no answer: RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "no answer: RemoteProtocolError"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "no answer: RemoteProtocolError"),
    ],
)
def test_what_has_no_status_is_no_response(answer, reason):
    assert fetched(answer) == (NoResponse(reason), 1)


@pytest.mark.parametrize("status", [200, 401, 429, 503])
def test_a_status_and_its_headers_count_whatever_becomes_of_the_body(status):
    tokens = Tokens("t1")

    response, _ = fetched(b"HTTP/1.1 %d X\r\nRetry-After: 7\r\nContent-Length: 10\r\n\r\nhalf" % status, tokens=tokens)

    assert (response.status, response.headers["retry-after"], response.body) == (status, "7", b"")
    assert response.unread == "a body that broke off (RemoteProtocolError)"
    assert tokens.forgotten == (["t1"] if status == 401 else [])


def test_a_garbled_body_that_comes_with_the_status_spoils_it():
    """As aiohttp reads it: all that has arrived at once."""
    garbled = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"

    assert fetched(garbled) == (NoResponse("no answer: RemoteProtocolError"), 1)


@pytest.mark.parametrize("path", ["/a%2Fb/c%40d%3a%7E", "/a?b=%2B%26c&d=%25", "/a/%C3%A9;b"])
def test_the_path_goes_over_the_wire_as_it_was_checked(path):
    platform = Platform(http())

    asyncio.run(fetch(platform, Request(path, {})))

    assert [first for first, _ in platform.asked] == [f"GET {path} HTTP/1.1"]


def test_a_body_that_stops_halfway_is_not_taken_for_a_whole_one():
    async def reset(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await writer.drain()
        writer.transport.abort()

    response, _ = fetched(reset)

    assert (response.status, response.body) == (200, b"")
    assert response.unread.startswith("a body that broke off")


def test_a_compressed_body_is_unpacked():
    response, _ = fetched(http(body=gzip.compress(b"unpacked"), Content_Encoding="gzip"))

    assert response.body == b"unpacked"


@pytest.mark.parametrize(
    ("length", "read"), [(LARGEST_BODY, LARGEST_BODY), (LARGEST_BODY + 1, 0), (50 * LARGEST_BODY, 0)]
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_body_that_is_too_large_is_not_read(length, read, packed):
    body = b"x" * length

    response, _ = fetched(http(body=gzip.compress(body, 1), Content_Encoding="gzip") if packed else http(body=body))

    assert (response.status, len(response.body)) == (200, read)
    assert response.unread == ("" if read else "a body of over 1 MiB")


def test_a_token_that_is_repeated_in_the_body_is_masked():
    body = b'{"error": {"message": "The token t0k3n.abc-_~+/= is not valid: t0k3n.abc-_~+/="}}'

    response, _ = fetched(http(403, body), tokens=Tokens("t0k3n.abc-_~+/="))

    assert response.body == b'{"error": {"message": "The token *** is not valid: ***"}}'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("slash", ["/", "\\/"])
def test_a_token_is_masked_however_json_spells_it(encoding, slash):
    body = '{"error": {"code": "t0k3n.abc/=", "message": "x"}}'.replace("/", slash).encode(encoding)

    response, _ = fetched(http(403, body), tokens=Tokens("t0k3n.abc/="))

    assert json.loads(response.body)["error"]["code"] == "***"


def test_a_token_that_is_repeated_in_a_header_is_masked():
    response, _ = fetched(http(ETag='"t1-7"'))

    assert response.headers["etag"] == '"***-7"'


@pytest.mark.parametrize("written", ["RETRY-AFTER", "retry-after", "Retry-After"])
def test_header_names_are_lower_case(written):
    response, _ = fetched(http(429, **{written: "7"}))

    assert response.headers["retry-after"] == "7"


def test_a_header_that_is_not_ascii_is_no_obstacle():
    response, _ = fetched(b'HTTP/1.1 200 OK\r\nETag: "\xe9\xff"\r\nContent-Length: 0\r\n\r\n')

    assert response.status == 200


def test_an_answer_that_never_ends_is_given_up():
    """Byte after byte, so that no pause is long."""

    async def drip(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(1)

    response = hurried(fetch(Platform(drip)), speed=100)

    assert (response.status, response.body, response.unread) == (200, b"", "a body that did not end within 30 s")


def test_an_answer_that_never_begins_is_given_up():
    async def drip(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(1)

    assert hurried(fetch(Platform(drip)), speed=100) == NoResponse("no answer within 30 s")


@pytest.mark.parametrize(("within", "given"), [(5, 5), (59, 59), (3600, 60)])
def test_a_question_takes_no_longer_than_it_may_its_token_and_a_second_attempt_included(within, given):
    class SlowTokens(Tokens):
        async def token(self):
            await asyncio.sleep(given * 0.4)
            return await super().token()

    async def refuses(writer):
        await asyncio.sleep(given * 0.4)
        writer.write(http(401))

    answer = hurried(
        fetch(Platform(refuses, refuses), tokens=SlowTokens("t1", "t2"), within=timedelta(seconds=within)), speed=100
    )

    assert answer == NoResponse(f"no whole answer within {given} s")


def test_a_token_endpoint_that_never_answers_is_given_up():
    async def silent(_):
        await asyncio.sleep(20)

    async def scenario():
        async with Platform(silent) as endpoint, AiohttpTransport(ssl.create_default_context()) as http:
            tokens = ClientCredentials(
                http=http,
                url=endpoint.origin,
                client_id="c",
                client_secret="s",
                scope="s",
                delays=RETRY_DELAYS,
                spend=spend_nothing,
                now=lambda: NOON,
            )
            return await fetch(Platform(), tokens=tokens)

    assert hurried(scenario(), speed=100) == NoResponse(
        "no access token: the token endpoint did not answer (TimeoutError); it is asked again at 12:00:15 UTC",
        token=True,
    )


@pytest.fixture
def wired(monkeypatch):
    """The real parts, as the app puts them together, for a platform at this origin."""

    def fetch_from(origin):
        env = {
            "AzureWebJobsStorage": "UseDevelopmentStorage=true",
            "ITWIN_API_URL": origin,
            "ITWIN_TOKEN_URL": origin + "/token",
            "ITWIN_CLIENT_ID": "c",
            "ITWIN_CLIENT_SECRET": "s",
            "TICKETS_QUEUE": "tickets",
        }
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        return wiring.poller().fetch

    made = []

    def transport(*of):
        made.append(AiohttpTransport(*of))
        return made[-1]

    async def close():
        for one in made:
            await one.aclose()

    parts = [part for part in vars(wiring).values() if hasattr(part, "cache_clear")]
    monkeypatch.setattr(wiring, "AiohttpTransport", transport)
    monkeypatch.delenv("APPLICATIONINSIGHTS_CONNECTION_STRING", raising=False)
    for part in parts:
        part.cache_clear()
    yield fetch_from
    asyncio.run(close())
    for part in parts:
        part.cache_clear()


GRANTED = http(body=b'{"access_token": "t1", "expires_in": 3600}')


def test_the_real_parts_fetch_with_a_token(wired):
    async def scenario():
        async with Platform(GRANTED, http(body=b"status")) as platform:
            response = await wired(platform.origin)(Request(PATH, {}))
            return response.body, [(first, headers.get("authorization")) for first, headers in platform.asked]

    assert asyncio.run(scenario()) == (
        b"status",
        [("POST /token HTTP/1.1", None), (f"GET {PATH} HTTP/1.1", "Bearer t1")],
    )


def test_the_real_parts_count_every_request_but_the_first_of_a_turn(wired, monkeypatch):
    """That one is counted where the turn gets its clearance."""
    clock = [NOON]
    monkeypatch.setattr(wiring, "now", lambda: clock[0])
    other = http(body=b'{"access_token": "t2", "expires_in": 3600}')

    async def scenario():
        async with Platform(GRANTED, http(), http(401), other, http()) as platform:
            fetch = wired(platform.origin)
            counted = []
            for _ in range(2):
                await fetch(Request(PATH, {}))
                counted.append(wiring.gate()._own.asked(clock[0]))
                clock[0] += timedelta(seconds=15)
            return counted, [first.partition(" ")[0] for first, _ in platform.asked]

    assert asyncio.run(scenario()) == ([1, 3], ["POST", "GET", "GET", "POST", "GET"])


def test_the_real_parts_leave_a_token_endpoint_that_fails_alone_for_as_long_as_the_settings_say(wired, monkeypatch):
    clock = [NOON]
    monkeypatch.setattr(wiring, "now", lambda: clock[0])
    monkeypatch.setenv("WAIT_SCALE", "2")

    async def scenario():
        async with Platform(http(503), GRANTED, http()) as platform:
            fetch = wired(platform.origin)
            answers = []
            for seconds in (0, 29.9, 30):
                clock[0] = NOON + timedelta(seconds=seconds)
                answers.append(await fetch(Request(PATH, {})))
            return [type(answer) for answer in answers], len(platform.asked)

    assert asyncio.run(scenario()) == ([NoResponse, NoResponse, Response], 3)


@pytest.mark.parametrize("redirected", ["the job", "the token"])
@pytest.mark.parametrize("status", [302, 307])
def test_the_real_parts_follow_no_redirect(wired, redirected, status):
    """It would carry the token, or the secret, to where the platform never asked for it."""

    async def scenario():
        async with Platform(http()) as elsewhere:
            redirect = http(status, Location=elsewhere.origin + PATH)
            async with Platform(*([redirect] if redirected == "the token" else [GRANTED, redirect])) as platform:
                await wired(platform.origin)(Request(PATH, {}))
        return elsewhere.asked

    assert asyncio.run(scenario()) == []


def test_the_real_parts_keep_no_cookies(wired):
    """One client asks for all watches: what one answer sets must not go out with the next."""

    async def scenario():
        async with Platform(GRANTED, http(Set_Cookie="sid=1"), http()) as platform:
            fetch = wired(platform.origin)
            for _ in range(2):
                await fetch(Request(PATH, {}))
            return [headers.get("cookie") for _, headers in platform.asked]

    assert asyncio.run(scenario()) == [None, None, None]


def test_the_real_parts_wait_for_a_slow_answer(wired):
    """The limit is that of `clients.platform`, for the whole answer, and not a shorter one of the client's own."""

    async def slow(writer):
        await asyncio.sleep(8)
        writer.write(http(body=b"status"))
        await writer.drain()

    async def scenario():
        async with Platform(GRANTED, slow) as platform:
            return await wired(platform.origin)(Request(PATH, {}))

    assert isinstance(hurried(scenario(), speed=20), Response)


def test_the_real_parts_ask_at_once_for_all_turns_that_one_host_runs_at_once(wired):
    """When the platform is slow, none of them may fail for want of a connection."""
    queues = json.loads((Path(__file__).parents[2] / "host.json").read_text())["extensions"]["queues"]
    turns = queues["batchSize"] + queues["newBatchThreshold"]

    async def scenario():
        everyone = asyncio.Event()

        async def together(writer):
            if len(platform.asked) == 1 + turns:
                everyone.set()
            await everyone.wait()
            writer.write(http())
            await writer.drain()

        async with Platform(GRANTED, *[together] * turns) as platform:
            fetch = wired(platform.origin)
            answers = await asyncio.gather(*(fetch(Request(PATH, {})) for _ in range(turns)))
            everyone.set()
        return Counter(type(answer) for answer in answers)

    assert hurried(scenario(), speed=2) == {Response: turns}
