"""Four scenarios that Microsoft's listener was traced in, replayed: the same must happen here.

The traces are of host 4.1037 with queues extension 5.3.10, on Azurite.  Their lines are the function's calls, with how
many were at work at once, the messages sent, in `idle`, and in the end the poison copy and what was left.  Orders,
counts and concurrency must be the same.  Times must not be earlier than the rules allow, nor much later: a machine that
is busy makes them late.
"""

import json
import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.integration.host.conftest import encoded, eventually, hosting

pytestmark = pytest.mark.slow

TRACES = Path(__file__).with_name("traces")

RETRIED_AFTER = 3  # visibilityTimeout
LONGEST_REST = 2  # maxPollingInterval
TAKES = 1  # a message of `concurrency`
LATE = 10  # what a busy machine may take beside

APP = f"""
def on(queue):
    return app.queue_trigger(arg_name="message", queue_name=f"%PREFIX%-{{queue}}", connection="AzureWebJobsStorage")

at_once = 0

async def call(message):
    global at_once
    at_once += 1
    body = message.get_body().decode()
    note(body=body, dequeueCount=message.dequeue_count, at_once=at_once)
    try:
        if body == "fail":
            raise ValueError("on purpose")
        if body == "slow0":  # not by the clock, so that it lasts as long when this process is stopped meanwhile
            for _ in range(20):
                await asyncio.sleep({TAKES} / 20)
        elif body.startswith("slow"):
            await asyncio.sleep({TAKES})
    finally:
        at_once -= 1

@on("traced")
async def traced(message: func.QueueMessage) -> None:
    await call(message)
"""


def read(name):
    """The lines of a trace: those of calls, and all others by their first field."""
    lines = [json.loads(line) for line in (TRACES / f"{name}.jsonl").read_text().splitlines()]
    calls = [line for line in lines if "body" in line]
    return calls, {key: [line for line in lines if key in line] for key in ("sent", "poison", "left")}


def without_times(calls):
    return [{key: call[key] for key in ("body", "dequeueCount", "at_once")} for call in calls]


def count(queue):
    return queue.get_queue_properties().approximate_message_count


class Replay:
    """A host with one queue, for one scenario."""

    def __init__(self, host, queue, poison):
        self.host, self.queue, self.poison = host, queue, poison

    def calls(self, number):
        """The calls of the function, once there are so many and nothing is left."""
        eventually(lambda: len(self.host.notes()) >= number and count(self.queue) == 0, within=number * 5 + LATE)
        return self.host.notes()

    def ended_as(self, others):
        [end] = others["left"]
        assert count(self.queue) == end["left"]
        assert max(call["at_once"] for call in self.host.notes()) == end["most"]
        copies = self.poison.receive_messages(visibility_timeout=60)
        found = [(one.content, one.dequeue_count, (one.expires_on - one.inserted_on).days) for one in copies]
        assert found == [(one["poison"], one["DequeueCount"], one["ttl"]) for one in others["poison"]]


@pytest.fixture
def replay(request, tmp_path, azurite, queue, backend):
    batch_size, threshold = getattr(request, "param", (16, 8))
    prefix = f"{backend}-{tmp_path.name.replace('_', '-')[:40]}"
    options = {
        "batchSize": batch_size,
        "newBatchThreshold": threshold,
        "maxPollingInterval": f"00:00:0{LONGEST_REST}",
        "visibilityTimeout": f"00:00:0{RETRIED_AFTER}",
        "maxDequeueCount": 3,
        "messageEncoding": "base64",
    }
    traced, poison = queue(f"{prefix}-traced"), queue(f"{prefix}-traced-poison")
    with hosting(
        tmp_path,
        APP,
        *("--backend", backend),
        host_json={"extensions": {"queues": options}},
        env={"AzureWebJobsStorage": azurite, "PREFIX": prefix},
    ) as host:
        yield Replay(host, traced, poison)


def test_fail(replay):
    expected, others = read("fail")
    replay.queue.send_message(encoded("fail"))
    calls = replay.calls(len(expected))
    assert without_times(calls) == without_times(expected)
    for before, after in pairwise(calls):
        assert RETRIED_AFTER <= after["at"] - before["at"] < RETRIED_AFTER + LONGEST_REST + LATE
    replay.ended_as(others)


def test_garbage(replay):
    expected, others = read("garbage")
    [bad] = others["poison"]
    replay.queue.send_message(bad["poison"])
    replay.queue.send_message(encoded("ok"))
    assert without_times(replay.calls(len(expected))) == without_times(expected)
    replay.ended_as(others)


def test_idle(replay):
    expected, others = read("idle")
    began, waits = time.time(), []
    for message in others["sent"]:
        time.sleep(max(0, began + message["at"] - time.time()))
        sent = time.time()
        replay.queue.send_message(encoded(f"n{message['sent']}"))
        calls = eventually(lambda: len(replay.host.notes()) > message["sent"] and replay.host.notes(), LATE)  # noqa: B023
        waits.append(calls[-1]["at"] - sent)
    assert without_times(replay.calls(len(expected))) == without_times(expected)
    assert max(waits) < LONGEST_REST + LATE
    assert sum(waits) > 1  # there, 6.2: an idle listener looks less and less often
    replay.ended_as(others)


def batches(calls):
    """Which messages were taken together, and how many were at work as each began; in no order within a batch."""
    starts = [number for number, call in enumerate(calls) if call["at_once"] == 1] + [len(calls)]
    groups = [calls[start:end] for start, end in pairwise(starts)]
    return [({call["body"] for call in group}, sorted(call["at_once"] for call in group)) for group in groups]


@pytest.mark.parametrize("replay", [(4, 2)], indirect=True)
def test_concurrency(replay):
    """Five at once, for the first message was taken alone; then pulses of four."""
    expected, others = read("concurrency")
    worker = replay.host.service.worker.pid
    replay.queue.send_message(encoded("slow0"))
    eventually(replay.host.notes)
    os.kill(worker, signal.SIGSTOP)  # so that it sees all others at once, while the first is at work
    time.sleep(0.3)  # a request for messages that is under way finds none
    count(replay.queue)
    for number in range(1, len(expected)):
        replay.queue.send_message(encoded(f"slow{number}"))
    os.kill(worker, signal.SIGCONT)
    calls = replay.calls(len(expected))
    assert batches(calls) == batches(expected)
    assert all(call["dequeueCount"] == 1 for call in calls)
    firsts = [call["at"] for call in calls if call["at_once"] == 1]
    assert all(after - before >= TAKES for before, after in pairwise(firsts))
    replay.ended_as(others)
