"""One POST to a callback, over a scripted transport and a scripted resolver."""

import asyncio
import socket
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from standardwebhooks import Webhook

from shared.clients.webhook import TIMEOUT, WebhookClient
from shared.core.callback import Attempt
from tests.e2e.receiver import SECRET
from tests.unit.test_bodies import BROKEN
from tests.unit.test_fetch import hurried

URL = "https://hooks.example.com/itwin"
PUBLIC = "93.184.215.14"


def post(answer, url=URL, addresses=(PUBLIC,), hosts=("hooks.example.com",)):
    """What came of it, and the requests that were made."""
    made, resolved = [], []

    def respond(request):
        made.append(request)
        one = answer[len(made) - 1] if isinstance(answer, list) else answer
        if isinstance(one, BaseException):
            raise one
        return one

    async def resolve(host, port):
        resolved.append((host, port))
        if isinstance(addresses, Exception):
            raise addresses
        return list(addresses)

    async def scenario():
        async with httpx.AsyncClient(transport=httpx.MockTransport(respond), follow_redirects=False) as http:
            poster = WebhookClient(http, Webhook(SECRET), frozenset(hosts), lambda: datetime.now(UTC), resolve)
            return await poster(url, "id-1", '{"é": 1}')

    reply = asyncio.run(scenario())
    assert len(resolved) <= 1, "looked up twice"
    return reply, made


def test_it_connects_to_the_address_that_was_checked_under_the_name_that_was_meant():
    reply, (request,) = post(httpx.Response(204))

    assert reply == Attempt()
    assert (request.url.scheme, request.url.host, request.url.port) == ("https", PUBLIC, None)
    assert request.headers["host"] == "hooks.example.com"
    assert request.extensions["sni_hostname"] == "hooks.example.com"
    assert Webhook(SECRET).verify(request.content.decode(), dict(request.headers)) == {"é": 1}


def test_an_ipv6_address_is_written_as_one():
    _, (request,) = post(httpx.Response(200), addresses=["2606:2800:21f:cb07:6820:80da:af6b:8b2c"])

    assert request.url.host == "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


@pytest.mark.parametrize("addresses", [["10.0.0.1"], [PUBLIC, "169.254.169.254"], ["::1"]])
def test_a_name_that_leads_inside_is_not_called(addresses):
    reply, made = post(httpx.Response(200), addresses=addresses)

    assert made == []
    assert "not public" in reply.error
    assert addresses[-1] not in reply.error


def test_a_host_that_is_no_longer_listed_is_not_called():
    reply, made = post(httpx.Response(200), hosts=())

    assert made == []
    assert "CALLBACK_HOSTS" in reply.error


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (httpx.Response(500), Attempt("HTTP 500")),
        (httpx.Response(302, headers={"location": "http://127.0.0.1/"}), Attempt("HTTP 302")),
        (httpx.Response(410), Attempt("HTTP 410", final=True)),
        (httpx.Response(429, headers={"retry-after": "90"}), Attempt("HTTP 429", retry_after=timedelta(seconds=90))),
        (httpx.ConnectError("10.1.2.3 refused"), Attempt("no answer: ConnectError")),
    ],
)
def test_what_is_not_taken_says_why_and_no_more(answer, reply):
    assert post(answer)[0] == reply


def test_a_name_without_an_address_is_tried_again():
    reply, made = post(httpx.Response(200), addresses=socket.gaierror(-2, "unknown"))

    assert (reply.final, made) == (False, [])


OTHERS = ["93.184.215.15", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]
NOT_CONNECTED = [httpx.ConnectError("refused"), httpx.ConnectTimeout("black hole")]


@pytest.mark.parametrize("first", NOT_CONNECTED)
@pytest.mark.parametrize("second", NOT_CONNECTED)
def test_each_address_is_tried_in_order_while_none_takes_the_connection(first, second):
    reply, made = post([first, second, httpx.Response(200)], addresses=[PUBLIC, *OTHERS])

    assert reply == Attempt()
    assert [request.url.host for request in made] == [PUBLIC, *OTHERS]
    assert {request.headers["host"] for request in made} == {"hooks.example.com"}
    assert {request.extensions["sni_hostname"] for request in made} == {"hooks.example.com"}
    for request in made:
        assert Webhook(SECRET).verify(request.content.decode(), dict(request.headers))


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (httpx.Response(200), ""),
        (httpx.Response(500), "HTTP 500"),
        (httpx.Response(302), "HTTP 302"),
        (httpx.ReadTimeout("slow"), "no answer: ReadTimeout"),
        (httpx.ReadError("reset"), "no answer: ReadError"),
        (httpx.RemoteProtocolError("garbled"), "no answer: RemoteProtocolError"),
    ],
)
def test_what_took_the_connection_is_the_last(end, error):
    """It may have taken the event, too."""
    reply, made = post([httpx.ConnectError("refused"), end], addresses=[PUBLIC, *OTHERS])

    assert (reply.error, len(made)) == (error, 2)


def test_when_no_address_takes_the_connection_the_last_one_says_why():
    reply, made = post(
        [httpx.ConnectTimeout("x"), httpx.ConnectTimeout("x"), httpx.ConnectError("x")], addresses=[PUBLIC, *OTHERS]
    )

    assert (reply, len(made)) == (Attempt("no answer: ConnectError"), 3)


def test_an_address_that_is_named_twice_is_tried_once():
    _, made = post(httpx.ConnectError("refused"), addresses=[PUBLIC, OTHERS[0], PUBLIC, OTHERS[0]])

    assert [request.url.host for request in made] == [PUBLIC, OTHERS[0]]


@pytest.mark.parametrize("inside", ["10.0.0.1", "::1", "169.254.169.254"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_all_addresses_are_checked_before_any_is_tried(inside, place):
    addresses = [PUBLIC, *OTHERS]
    addresses.insert(place, inside)

    reply, made = post(httpx.ConnectError("refused"), addresses=addresses)

    assert made == []
    assert "not public" in reply.error


@pytest.mark.parametrize("count", [1, 2, 3, 8, 50])
def test_no_address_may_use_up_the_time_of_those_after_it(count):
    _, made = post(httpx.ConnectTimeout("x"), addresses=[f"93.184.215.{number}" for number in range(count)])

    *before, last = [request.extensions["timeout"]["connect"] for request in made]
    assert last is None  # all that is left of the whole
    shares = [TIMEOUT.total_seconds() / (left + 1) for left in range(count, 1, -1)]  # of the whole, when no time passed
    assert all(0 < one <= share for one, share in zip(before, shares, strict=True))


def test_a_black_hole_leaves_time_for_the_next_address():
    """Over real sockets: one that nobody accepts from and whose queue is full, and one that answers."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def resolve(*_):
        return ["127.0.0.2", "127.0.0.1"]

    async def scenario():
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with closing(socket.socket()) as hole, ExitStack() as waiting:
            hole.bind(("127.0.0.2", port))
            hole.listen(0)
            for _ in range(4):
                one = waiting.enter_context(socket.socket())
                one.settimeout(0)
                one.connect_ex(("127.0.0.2", port))
            async with server, httpx.AsyncClient(trust_env=False, timeout=None) as http:  # noqa: S113 -- ours decides
                host = f"localhost:{port}"
                client = WebhookClient(http, Webhook(SECRET), {host}, lambda: datetime.now(UTC), resolve)
                return await client(f"http://{host}/x", "id", "{}")

    assert hurried(scenario(), speed=3) == Attempt()


class Unread(httpx.AsyncByteStream):
    """A body that nobody may read."""

    async def __aiter__(self):
        raise AssertionError("read")
        yield b""


@pytest.mark.parametrize("encoding", ["", "gzip", "gzip, gzip", "br"])
@pytest.mark.parametrize("status", [200, 410, 429, 500])
def test_the_body_of_a_receivers_answer_is_not_read(encoding, status):
    headers = {"content-encoding": encoding, "retry-after": "90"}

    reply, (request,) = post(httpx.Response(status, headers=headers, stream=Unread()))

    assert reply.error == ("" if status == 200 else f"HTTP {status}")
    assert request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("kind", [*BROKEN, httpx.ReadTimeout])
def test_whatever_a_transport_or_a_resolver_raises_is_an_attempt(kind):
    late = kind is TimeoutError
    said = Attempt("no answer within 15 s" if late else f"no answer: {kind.__name__}")

    assert post(kind("s3cr3t"))[0] == said
    assert post(httpx.Response(200), addresses=kind("s3cr3t"))[0] == said


def test_an_attempt_that_is_cancelled_is_cancelled():
    with pytest.raises(asyncio.CancelledError):
        post(asyncio.CancelledError())


def test_without_a_signer_an_attempt_is_not_the_last():
    async def scenario():
        async with httpx.AsyncClient() as http:
            return await WebhookClient(http, None, frozenset(), lambda: datetime.now(UTC))(URL, "id", "{}")

    attempt = asyncio.run(scenario())

    assert (bool(attempt.error), attempt.final) == (True, False)
