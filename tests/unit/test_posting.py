"""One POST to a callback, over a scripted transport and a scripted resolver."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from standardwebhooks import Webhook

from shared.clients.webhook import WebhookClient
from shared.core.callback import Attempt
from tests.e2e.receiver import SECRET

URL = "https://hooks.example.com/itwin"
PUBLIC = "93.184.215.14"


def post(answer, url=URL, addresses=(PUBLIC,), hosts=("hooks.example.com",)):
    """What came of it, and the requests that were made."""
    made, resolved = [], []

    def respond(request):
        made.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

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
