"""Queue triggers: how many messages are in work at once, and how soon a message is seen."""

import socket
import socketserver
import threading
import time
from contextlib import contextmanager, suppress
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from local.parts.processes import free_port
from tests.integration.host.conftest import eventually, hosting

BATCH, THRESHOLD = 2, 1

APP = """
from azure.storage.queue.aio import QueueClient

at_work = 0

def on(queue):
    return app.queue_trigger(arg_name="message", queue_name=f"%PREFIX%-{queue}", connection="AzureWebJobsStorage")

@on("busy")
async def takes_as_long_as_told(message: func.QueueMessage) -> None:
    global at_work
    at_work += 1
    note(queue="busy", at_work=at_work)
    await asyncio.sleep(float(message.get_body()))
    at_work -= 1

@on("chain")
async def sends_the_next(message: func.QueueMessage) -> None:
    left = int(message.get_body())
    note(queue="chain", left=left)
    if left:
        name = os.environ["PREFIX"] + "-chain"
        async with QueueClient.from_connection_string(os.environ["AzureWebJobsStorage"], name) as queue:
            await queue.send_message(str(left - 1))

@on("fails")
async def fails(message: func.QueueMessage) -> None:
    note(queue="fails")
    raise ValueError("at once")

@on("fails-poison")
async def takes_poison(message: func.QueueMessage) -> None:
    note(queue="fails-poison")
"""

PLAIN = {"maxDequeueCount": 1, "messageEncoding": "none", "batchSize": BATCH, "newBatchThreshold": THRESHOLD}


@pytest.fixture(scope="module")
def queues(queue, backend):
    return {name: queue(f"{backend}-{name}") for name in ("busy", "chain", "fails", "fails-poison")}


@pytest.fixture(scope="module")
def host(tmp_path_factory, azurite, queues, backend):
    for seconds in [1.5, 0.2, 0.4, 0.4, 0.4, 0.4, 0.4]:
        queues["busy"].send_message(str(seconds))
    with hosting(
        tmp_path_factory.mktemp("polling"),
        APP,
        *("--backend", backend),
        host_json={"extensions": {"queues": PLAIN}},
        env={"AzureWebJobsStorage": azurite, "PREFIX": backend},
    ) as host:
        yield host


def test_a_batch_is_taken_when_the_threshold_is_reached(host):
    noted = eventually(lambda: len(host.notes(queue="busy")) == 7 and host.notes(queue="busy"))
    # Two at first; the third and fourth once one is left: three in all, and never more.
    assert [one["at_work"] for one in noted[:4]] == [1, 2, 2, 3]
    assert max(one["at_work"] for one in noted) == BATCH + THRESHOLD


def test_messages_make_it_poll_often(host, queues):
    """With 1 minute between polls at most, the eighth message of a chain would come after 25 s if none reset that."""
    queues["chain"].send_message("8")
    noted = eventually(lambda: host.notes(queue="chain", left=0) and host.notes(queue="chain"))
    gaps = [later["at"] - earlier["at"] for earlier, later in pairwise(noted)]
    assert len(gaps) == 8
    assert sum(gaps) < 4


def test_the_hosts_own_poison_copies_are_seen_at_once(host, queues):
    time.sleep(1)  # the longer it was idle, the longer it rests by now
    queues["fails"].send_message("x")
    [failed] = eventually(lambda: host.notes(queue="fails"))
    [taken] = eventually(lambda: host.notes(queue="fails-poison"))
    assert taken["at"] - failed["at"] < 0.5


@contextmanager
def forwarding(port, target):
    """A way to `target` through another port, closed before and after."""

    class Forward(socketserver.BaseRequestHandler):
        def handle(self):
            with socket.create_connection(target) as there:
                threading.Thread(target=pump, args=(there, self.request), daemon=True).start()
                pump(self.request, there)

    def pump(source, sink):
        with suppress(OSError):  # either side may hang up
            while received := source.recv(65536):
                sink.sendall(received)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", port), Forward) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def test_an_outage_of_storage_is_logged_once_and_survived(tmp_path, azurite, queue, backend):
    [endpoint] = [part for part in azurite.split(";") if part.startswith("QueueEndpoint=")]
    there = urlsplit(endpoint.removeprefix("QueueEndpoint="))
    port = free_port()
    queue(f"{backend}-outage").send_message("x")
    app = """
    @app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="Detour")
    async def seen(message: func.QueueMessage) -> None:
        note(body=message.get_body().decode())
    """
    options = {"maxPollingInterval": "00:00:00.3", "messageEncoding": "none"}
    with hosting(
        tmp_path,
        app,
        *("--backend", backend),
        host_json={"extensions": {"queues": options}},
        env={"Detour": azurite.replace(f":{there.port}/", f":{port}/"), "QUEUE": f"{backend}-outage"},
    ) as host:
        eventually(lambda: "cannot be read" in host.log)
        time.sleep(1)
        with forwarding(port, (there.hostname, there.port)):
            eventually(lambda: host.notes(body="x"))
            eventually(lambda: "can be read now" in host.log)
    assert host.log.count("cannot be read") == 1
