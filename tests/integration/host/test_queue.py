"""Queue triggers: what becomes of a message.

What the real host does was seen on host 4.1037 with queues extension 5.3.10.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.queue import QueueClient, QueueServiceClient

from tests.integration.host.conftest import encoded, eventually, hosting

LEASE = 2
RETRIED_AFTER = 1
MOST_DELIVERIES = 2

APP = """
def on(queue):
    return app.queue_trigger(arg_name="message", queue_name=f"%PREFIX%-{queue}", connection="AzureWebJobsStorage")

@on("seen")
async def seen(message: func.QueueMessage, context: func.Context) -> None:
    note(
        queue="seen",
        id=message.id,
        body=message.get_body().hex(),
        dequeue_count=message.dequeue_count,
        receipt=message.pop_receipt,
        inserted=message.insertion_time.isoformat(),
        expires=message.expiration_time.isoformat(),
        visible=message.time_next_visible.isoformat(),
        parent=context.trace_context.trace_parent,
    )

@on("text")
def text(message: str) -> None:
    note(queue="text", body=message)

@on("bytes")
async def takes_bytes(message: bytes) -> None:
    note(queue="bytes")

@on("bytes-poison")
async def takes_their_copies(message: func.QueueMessage) -> None:
    note(queue="bytes-poison")

@on("garbled-poison")
async def takes_garbled_copies(message: func.QueueMessage) -> None:
    note(queue="garbled-poison")

@on("once")
def fails_once(message: func.QueueMessage) -> None:
    note(queue="once", count=message.dequeue_count)
    if message.dequeue_count == 1:
        raise ValueError("the first time")

@on("always")
async def fails_always(message: func.QueueMessage) -> None:
    note(queue="always")
    raise ValueError("always")

@on("garbled")
async def garbled(message: func.QueueMessage) -> None:
    note(queue="garbled")

@on("worn")
async def worn(message: func.QueueMessage) -> None:
    note(queue="worn")

@on("long")
async def runs_long(message: func.QueueMessage) -> None:
    note(queue="long")
    await asyncio.sleep(3.5)
    note(queue="long", done=True)

@on("returns")
def returns(message: func.QueueMessage):
    return "something"

@on("hopeless-poison")
async def hopeless(message: func.QueueMessage) -> None:
    note(queue="hopeless")
    raise ValueError("hopeless")

@on("late")
async def late(message: func.QueueMessage) -> None:
    note(queue="late")

@on("deleted")
async def deletes_its_own(message: func.QueueMessage) -> None:
    from azure.storage.queue.aio import QueueClient
    name = os.environ["PREFIX"] + "-deleted"
    async with QueueClient.from_connection_string(os.environ["AzureWebJobsStorage"], name) as queue:
        await queue.delete_message(message.id, message.pop_receipt)
    note(queue="deleted")
"""

QUEUES = ["seen", "text", "bytes", "once", "always", "garbled", "worn", "long", "returns", "hopeless-poison", "deleted"]
#: Those that are there already; the host makes that of "always".
POISON_QUEUES = ["seen-poison", "bytes-poison", "garbled-poison", "worn-poison", "returns-poison"]


def is_empty(queue):
    """No message, not even a hidden one."""
    return queue.get_queue_properties().approximate_message_count == 0


def poisoned(queue):
    """The messages in its poison queue."""
    return list(queue.peek_messages(max_messages=5))


@pytest.fixture(scope="module")
def queues(queue, backend):
    return {name: queue(f"{backend}-{name}") for name in QUEUES + POISON_QUEUES}


@pytest.fixture(scope="module")
def host(tmp_path_factory, azurite, queues, backend):
    _wear_out(queues["worn"])
    for name in ("always", "returns", "hopeless-poison", "long"):  # these take a while, so they begin at once
        queues[name].send_message(encoded(name))
    options = {
        "maxPollingInterval": "00:00:00.2",
        "visibilityTimeout": f"00:00:0{RETRIED_AFTER}",
        "maxDequeueCount": MOST_DELIVERIES,
    }
    settings = {"AzureWebJobsStorage": azurite, "PREFIX": backend}
    with hosting(
        tmp_path_factory.mktemp("queue"),
        APP,
        *("--backend", backend, "--lease", str(LEASE)),
        host_json={"extensions": {"queues": options}},
        env=settings,
    ) as host:
        yield host
        assert "AccountKey" not in host.log
        assert " INFO azure" not in host.log  # it would be of every poll
        assert "exception was never retrieved" not in host.log


def _wear_out(queue):
    """A message that was delivered as often as allowed, by hosts that died."""
    queue.send_message(encoded("worn"))
    for _ in range(MOST_DELIVERIES):
        message = queue.receive_message(visibility_timeout=60)
        queue.update_message(message.id, message.pop_receipt, visibility_timeout=0)


def test_a_message_arrives_whole(host, queues):
    before = datetime.now(UTC) - timedelta(seconds=2)
    sent = queues["seen"].send_message(encoded('{"é": 1}'))
    [seen] = eventually(lambda: host.notes(queue="seen", id=sent.id))
    assert bytes.fromhex(seen["body"]).decode() == '{"é": 1}'
    assert seen["dequeue_count"] == 1
    assert seen["receipt"]
    inserted, expires, visible = (datetime.fromisoformat(seen[name]) for name in ("inserted", "expires", "visible"))
    assert before < inserted < before + timedelta(seconds=10)
    assert expires - inserted == timedelta(days=7)
    assert timedelta(seconds=LEASE - 1) <= visible - inserted <= timedelta(seconds=LEASE + 3)
    assert seen["parent"].startswith("00-")
    eventually(lambda: is_empty(queues["seen"]))


@pytest.mark.parametrize("body", ["", "plain", "😀<xml>&"])
def test_a_body_may_be_any_text(host, queues, body):
    text = encoded(body)
    sent = queues["seen"].send_message(text[:4] + "\n" + text[4:])  # .NET's decoder skips white space
    [seen] = eventually(lambda: host.notes(queue="seen", id=sent.id))
    assert bytes.fromhex(seen["body"]) == body.encode()


@pytest.mark.parametrize("name", ["seen", "bytes"])
def test_bytes_that_are_not_utf_8_fail_each_delivery_without_a_call(host, queues, backend, name):
    """ "Exception binding parameter 'message'", whatever the parameter's type."""
    sent = queues[name].send_message(encoded(b"\xff\x00\xfe"))
    gone = f"message {sent.id} of {backend}-{name} failed {MOST_DELIVERIES} times: goes to {backend}-{name}-poison"
    eventually(lambda: gone in host.log)
    eventually(lambda: is_empty(queues[name]))
    assert not host.notes(queue=name, id=sent.id)
    assert not host.notes(queue="bytes")
    failed = re.findall(r"function (\S+) failed, invocation \S{36}\nException binding parameter 'message'", host.log)
    function = {"seen": "seen", "bytes": "takes_bytes"}[name]
    assert failed.count(function) == MOST_DELIVERIES
    assert not is_empty(queues[f"{name}-poison"])


def test_nor_are_they_for_the_function_of_the_poison_queue(host, queues):
    """There it fails in the same way, again and again, and stays."""
    queues["bytes-poison"].send_message(encoded(b"\xff"))
    again = r"function takes_their_copies failed, invocation \S{36}\nException binding parameter 'message'"
    eventually(lambda: len(re.findall(again, host.log)) >= 2)
    assert host.notes(queue="bytes-poison") == []
    assert not is_empty(queues["bytes-poison"])


def test_a_str_parameter_gets_the_text(host, queues):
    queues["text"].send_message(encoded("just text"))
    assert eventually(lambda: host.notes(queue="text"))[0]["body"] == "just text"


def test_a_failed_message_is_tried_again_after_visibility_timeout(host, queues):
    queues["once"].send_message(encoded("x"))
    first, second = eventually(lambda: len(host.notes(queue="once")) == 2 and host.notes(queue="once"))
    assert (first["count"], second["count"]) == (1, 2)
    assert RETRIED_AFTER - 0.1 < second["at"] - first["at"] < RETRIED_AFTER + 0.8
    eventually(lambda: is_empty(queues["once"]))
    assert "function fails_once failed, invocation" in host.log
    assert "ValueError: the first time" in host.log


def test_a_message_that_always_fails_ends_in_a_poison_queue_made_for_it(host, queues, backend, azurite):
    eventually(lambda: is_empty(queues["always"]) and len(host.notes(queue="always")) >= MOST_DELIVERIES)
    assert len(host.notes(queue="always")) == MOST_DELIVERIES
    assert f"failed {MOST_DELIVERIES} times: goes to {backend}-always-poison" in host.log
    with QueueClient.from_connection_string(azurite, f"{backend}-always-poison") as queue:
        [copy] = poisoned(queue)
    assert copy.content == encoded("always")
    assert copy.dequeue_count == 0
    assert copy.expires_on - copy.inserted_on == timedelta(days=7)


def test_what_is_not_base64_is_poison_at_once_and_nobody_ever_sees_it(host, queues, backend, azurite):
    queues["garbled"].send_message("{bm90}")  # the braces are not of the alphabet
    eventually(lambda: is_empty(queues["garbled"]))
    assert not is_empty(queues["garbled-poison"])
    # It cannot be decoded there either, so each lease ends without a call, and the next begins.
    stays = rf"message (\S+) of {backend}-garbled-poison is not base64: stays"
    eventually(lambda: len(re.findall(stays, host.log)) >= 2)
    assert len(set(re.findall(stays, host.log))) == 1
    assert host.notes(queue="garbled") == host.notes(queue="garbled-poison") == []
    [left] = eventually(lambda: list(queues["garbled-poison"].receive_messages(visibility_timeout=60)))
    assert left.content == "{bm90}"
    with QueueServiceClient.from_connection_string(azurite) as service:
        assert f"{backend}-garbled-poison-poison" not in [one.name for one in service.list_queues()]


def test_without_encoding_every_text_arrives_as_it_is(tmp_path, azurite, queue, backend):
    """The five that were garbage with base64: no base64, base64 of bad UTF-8, a list, XML's own letters, nothing."""
    app = """
    @app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
    async def seen(message: func.QueueMessage) -> None:
        note(body=message.get_body().decode())
    """
    texts = ["{bm90}", encoded(b"\xff"), "[1]", "😀<xml>&", ""]
    plain = queue(f"{backend}-plain")
    for text in texts:
        plain.send_message(text)
    with hosting(
        tmp_path,
        app,
        *("--backend", backend),
        host_json={"extensions": {"queues": {"messageEncoding": "none"}}},
        env={"AzureWebJobsStorage": azurite, "QUEUE": plain.queue_name},
    ) as host:
        eventually(lambda: is_empty(plain))
        assert sorted(one["body"] for one in host.notes()) == sorted(texts)
        assert " failed" not in host.log


def test_a_message_delivered_too_often_already_is_not_tried_again(host, queues):
    [copy] = eventually(lambda: poisoned(queues["worn-poison"]))
    assert copy.content == encoded("worn")
    eventually(lambda: is_empty(queues["worn"]))
    assert host.notes(queue="worn") == []


def test_the_lease_is_renewed_while_the_function_runs(host, queues):
    eventually(lambda: host.notes(queue="long", done=True))
    eventually(lambda: is_empty(queues["long"]), within=1)
    assert len(host.notes(queue="long")) == 2


def test_a_queue_function_that_returns_a_value_fails(host, queues):
    eventually(lambda: poisoned(queues["returns-poison"]))
    assert "without a $return binding" in host.log


def test_without_a_poison_queue_a_message_stays_hidden_for_its_lease(host, azurite, backend):
    first, second, *_ = eventually(lambda: len(host.notes(queue="hopeless")) > 1 and host.notes(queue="hopeless"))
    assert LEASE - 0.1 < second["at"] - first["at"] < LEASE + 1
    with QueueServiceClient.from_connection_string(azurite) as service:
        assert f"{backend}-hopeless-poison-poison" not in [one.name for one in service.list_queues()]


def test_a_message_that_is_gone_when_its_function_ends_is_no_failure(host, queues):
    queues["deleted"].send_message(encoded("x"))
    eventually(lambda: host.notes(queue="deleted"))
    eventually(lambda: "was lost" in host.log)
    assert "function deletes_its_own failed" not in host.log


def test_a_queue_may_be_made_later(host, queue, backend):
    assert f"queue {backend}-late does not exist" in host.log
    queue(f"{backend}-late").send_message(encoded("x"))
    eventually(lambda: host.notes(queue="late"))
