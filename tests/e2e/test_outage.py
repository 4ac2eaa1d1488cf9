"""What an outage of the tables sends to Application Insights: docs/operate.md computes an hour of it from this."""

import json
import re
import time
from collections import Counter
from uuid import uuid4

import pytest
from azure.storage.queue import QueueClient

from local.parts.processes import free_port
from local.parts.stack import QUEUE, stack

WATCHES = 20
LINE = 1000  #: bytes


@pytest.fixture(scope="module")
def sent():
    """Each watch's ticket fails several times: its queue is there, and no table answers."""
    retried_soon = {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01"}
    with stack(retried_soon) as parts:
        parts.host.stop()
        without_tables = re.sub(r"(TableEndpoint=http://127\.0\.0\.1:)\d+", rf"\g<1>{free_port()}", parts.storage)
        parts.host.env = {**parts.host.env, "AzureWebJobsStorage": without_tables}
        parts.host.start()
        with QueueClient.from_connection_string(parts.storage, QUEUE) as queue:
            for _ in range(WATCHES):
                queue.send_message(json.dumps({"id": str(uuid4()), "seq": 0}), time_to_live=-1)
        with parts.simulator_control() as platform:
            while len(items := of_turns(platform)) < 3 * WATCHES:
                time.sleep(0.5)
            events = platform.get("/events").json()["events"]
        log = (parts.directory / "host.log").read_text()
    return items, events, log


def of_turns(platform):
    """What turns have sent.  The timer may fail meanwhile too, each five minutes, which the clock says."""
    sent = platform.get("/telemetry").json()["telemetry"]
    return [item for item in sent if item["tags"]["ai.operation.name"] != "tend_watches"]


def test_a_failed_turn_is_one_short_line(sent):
    items, _, log = sent
    data = [item["data"] for item in items]

    assert {one["baseType"] for one in data} == {"MessageData"}
    assert {one["baseData"]["properties"]["Category"] for one in data} == {"Function.poll_watch.User"}
    assert {one["baseData"]["message"].partition(" error=")[0] for one in data} == {"turn.failed"}
    assert max(len(json.dumps(item)) for item in items) < LINE
    failures = log.count("function poll_watch failed")
    assert failures - WATCHES <= len(items) <= failures  # the last ones may not have been sent yet
    assert set(Counter(item["tags"]["ai.operation.id"] for item in items).values()) == {1}


def test_nothing_else_is_sent_and_nothing_is_dropped(sent):
    _, events, log = sent

    assert events == []
    assert "tickets-poison" not in log
