"""More queues of tickets, or fewer, while watches are in flight: the host is started anew, and all of them end."""

import json
import time
from uuid import uuid4

import pytest
from azure.storage.queue import QueueClient, QueueServiceClient, TextBase64EncodePolicy

from local.scenario import reporting
from local.stack import QUEUE, stack
from shared.settings import queue_name
from shared.tickets import place

#: A hundredth of the real delays: a watch counts as lost when it is 3 s late.
SETTINGS = {"WAIT_SCALE": "0.01", "ITWIN_REQUESTS_PER_MINUTE": "100000"}

WATCHES = 12
RUNNING, SUCCEEDED = ({"body": {"status": {"state": word}}} for word in ("Running", "Succeeded"))


@pytest.fixture
def parts():
    with stack(SETTINGS) as running:
        yield running


@pytest.fixture
def app(parts):
    with parts.app() as client:
        yield client


@pytest.fixture
def platform(parts):
    with parts.behind_the_platform() as client:
        yield client


def restart(parts, queues):
    parts.host.stop()
    parts.host.env = {**parts.host.env, "TICKETS_QUEUES": str(queues)}
    parts.host.start()


def start(app, platform):
    """Starts watches of jobs that go on; gives the paths of the jobs by the ids of the watches."""
    jobs = [reporting(f"job {uuid4()}", [RUNNING], "succeeded") for _ in range(WATCHES)]
    for job in jobs:
        platform.post("/jobs", json={"path": job.path, "script": job.script})
    return {app.post("/watches", json={"api": job.api, "job": job.ids}).json()["id"]: job.path for job in jobs}


def finish(platform, watches):
    for path in watches.values():
        platform.post("/jobs", json={"path": path, "script": [SUCCEEDED]})


def outcomes(app, watches, meanwhile=lambda: None):
    give_up = time.monotonic() + 90
    while time.monotonic() < give_up:
        found = [app.get(f"/watches/{watch}").json() for watch in watches]
        if all(watch["state"] == "ended" for watch in found):
            return [watch["outcome"] for watch in found]
        meanwhile()
        time.sleep(0.5)
    raise AssertionError(f"still watching: {[watch for watch in found if watch['state'] != 'ended']}")


def lengths(parts):
    with QueueServiceClient.from_connection_string(parts.storage) as queues:
        return {
            queue.name: queues.get_queue_client(queue.name).get_queue_properties().approximate_message_count
            for queue in queues.list_queues()
        }


def test_more_queues_while_watches_are_in_flight(parts, app, platform):
    watches = start(app, platform)
    assert f"{QUEUE}-1" not in lengths(parts)

    restart(parts, 3)
    watches |= start(app, platform)
    time.sleep(3)  # until each has had a turn there, and sent its ticket to where it belongs now
    finish(platform, watches)

    assert outcomes(app, watches) == ["succeeded"] * 2 * WATCHES
    assert {place(watch, 3) for watch in watches} == {0, 1, 2}
    assert {queue_name(QUEUE, number) for number in range(3)} <= lengths(parts).keys()
    assert app.get("/health").json()["status"] == "ok"


def test_a_poisoned_ticket_of_a_further_queue_gives_its_watch_another(parts, app, platform):
    restart(parts, 2)
    watches = start(app, platform)
    watch = next(watch for watch in watches if place(watch, 2) == 1)
    with QueueClient.from_connection_string(
        parts.storage, f"{QUEUE}-1-poison", message_encode_policy=TextBase64EncodePolicy()
    ) as poison:
        poison.create_queue()
        poison.send_message(json.dumps({"watch": watch, "seq": 0}))

    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        events = [event["data"]["baseData"] for event in platform.get("/events").json()["events"]]
        if poisoned := [event for event in events if event["name"] == "TicketPoisoned"]:
            break
        time.sleep(0.2)

    assert poisoned[0]["properties"]["watchId"] == watch


def test_fewer_queues_lose_no_watch(parts, app, platform):
    restart(parts, 3)
    watches = start(app, platform)
    time.sleep(1)

    restart(parts, 1)
    finish(platform, watches)

    tend = f"{parts.url}/admin/functions/tend_watches"
    assert outcomes(app, watches, lambda: app.post(tend, json={})) == ["succeeded"] * WATCHES
    assert any(lengths(parts)[queue_name(QUEUE, number)] for number in (1, 2))  # what nobody fetches any more
