"""POST and OPTIONS /api/events: what a sender is answered."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest
from azure.core.exceptions import HttpResponseError

from functions import receive_event as function
from shared.engine.waker import Woken
from shared.web.receiver import Receiver
from tests.events import BODY, SECRET, SIGNATURE

CONTEXT: Any = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=""))


async def tell(_):
    pass


@pytest.fixture
def ask(monkeypatch):
    """Send a request to a receiver whose waker answers so."""

    def make(method="POST", body=BODY, wake=Woken.WOKEN, secrets=(SECRET,), **headers):
        async def answer(*_):
            if isinstance(wake, Exception):
                raise wake
            return wake

        parts = Receiver(wake=answer, tell=tell, secrets=[secret.encode() for secret in secrets])
        monkeypatch.setattr(function, "receiver", lambda: parts)
        request = func.HttpRequest(
            method=method, url="https://x.example/api/events?code=key", headers=headers, body=body
        )
        trigger = function.receive_event
        response = asyncio.run(trigger(request, CONTEXT))
        return response.status_code, dict(response.headers), json.loads(response.get_body())

    return make


@pytest.mark.parametrize("result", Woken)
def test_what_is_signed_is_taken_whatever_comes_of_it(ask, result):
    status, _, body = ask(signature=SIGNATURE, wake=result)

    assert (status, body) == (200, {"result": result.value})


@pytest.mark.parametrize("name", ["Signature", "signature", "SIGNATURE"])
def test_the_name_of_the_header_may_be_in_any_letter_case(ask, name):
    assert ask(**{name: SIGNATURE})[0] == 200


def test_what_is_not_signed_is_a_problem(ask):
    status, _, body = ask(signature=SIGNATURE[:-1] + "f")

    assert (status, body["type"].rpartition(":")[2]) == (401, "wrong-signature")


@pytest.mark.parametrize("error", [HttpResponseError("busy"), TimeoutError()])
def test_what_storage_does_not_take_is_to_be_sent_again(ask, error):
    status, headers, body = ask(signature=SIGNATURE, wake=error)

    assert (status, body["type"].rpartition(":")[2]) == (503, "unavailable")
    assert int(headers["Retry-After"]) > 0


def test_without_secrets_nothing_is_taken_or_allowed(ask):
    for method in ("POST", "OPTIONS"):
        status, headers, body = ask(method, secrets=(), **{"WebHook-Request-Origin": "x.example"})

        assert (status, body["errors"][0]["setting"]) == (503, "WEBHOOK_SECRETS")
        assert "WebHook-Allowed-Origin" not in headers


def test_a_sender_that_asks_may_send(ask):
    status, headers, _ = ask("OPTIONS", b"", **{"WebHook-Request-Origin": "eventemitter.example.com"})

    assert status == 200
    assert headers["Allow"] == "POST"
    assert headers["WebHook-Allowed-Origin"] == "eventemitter.example.com"
    assert headers["WebHook-Allowed-Rate"] == "*"


@pytest.mark.parametrize("origin", [None, "", "a\r\nx: y", "é", "a b", "<b>", "a" * 256])
def test_what_is_no_origin_is_not_echoed(ask, origin):
    status, headers, _ = ask("OPTIONS", b"", **({} if origin is None else {"WebHook-Request-Origin": origin}))

    assert (status, headers["Allow"]) == (200, "POST")
    assert not [name for name in headers if name.startswith("WebHook-Allowed")]
