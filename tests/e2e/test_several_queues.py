"""More queues of tickets, or fewer, while watches are in flight: the host is started anew, and all of them end."""

import json
import time
from uuid import uuid4

import pytest
from azure.storage.queue import QueueClient, QueueServiceClient

from local.parts.stack import QUEUE, stack
from local.trials.scenario import reporting
from shared.apis import APIS
from shared.core.remote import watch_id
from shared.settings import queue_name
from shared.storage.tickets import place

#: A hundredth of the real delays: a watch counts as lost when it is 3 s late.
SETTINGS = {"WAIT_SCALE": "0.01", "ITWIN_REQUESTS_PER_MINUTE": "100000"}

QUEUES, WATCHES_OF_A_QUEUE = 3, 4
FURTHER = {queue_name(QUEUE, number) for number in range(1, QUEUES)}

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
    with parts.simulator_control() as client:
        yield client


def restart(parts, queues):
    parts.host.stop()
    parts.host.env = {**parts.host.env, "TICKETS_QUEUES": str(queues)}
    parts.host.start()


def start(app, platform):
    """Start watches of jobs that go on, of three queues the same number each; gives the jobs' paths by watch."""
    jobs, wanted = [], [WATCHES_OF_A_QUEUE] * QUEUES
    while any(wanted):
        job = reporting(f"job {uuid4()}", [RUNNING], "succeeded")
        where = place(watch_id(APIS[job.api], job.ids), QUEUES)
        if wanted[where]:
            wanted[where] -= 1
            jobs.append(job)
    for job in jobs:
        platform.post("/jobs", json={"path": job.path, "script": job.script})
    return {app.post("/watches", json={"api": job.api, "job": job.ids}).json()["id"]: job.path for job in jobs}


def finish(platform, watches):
    for path in watches.values():
        platform.post("/jobs", json={"path": path, "script": [SUCCEEDED]})


def within(span, look):
    """What `look` gives as soon as that is something."""
    give_up = time.monotonic() + span
    while time.monotonic() < give_up:
        if found := look():
            return found
        time.sleep(0.3)
    raise AssertionError(f"nothing to be seen within {span} s")


def outcomes(app, watches, meanwhile=lambda: None):
    def look():
        meanwhile()
        found = [app.get(f"/watches/{watch}").json()["outcome"] for watch in watches]
        return found if all(found) else None

    return within(90, look)


def lengths(parts):
    with QueueServiceClient.from_connection_string(parts.storage) as queues:
        return {
            queue.name: queues.get_queue_client(queue.name).get_queue_properties().approximate_message_count
            for queue in queues.list_queues()
        }


def test_more_queues_while_watches_are_in_flight(parts, app, platform):
    watches = start(app, platform)
    assert not FURTHER & lengths(parts).keys()

    restart(parts, QUEUES)
    within(60, lambda: lengths(parts).keys() >= FURTHER)  # made by the watches' own tickets, when they moved there
    assert app.get("/health").json()["status"] == "ok"
    watches |= start(app, platform)
    finish(platform, watches)

    assert outcomes(app, watches) == ["succeeded"] * len(watches)


def test_a_poisoned_ticket_of_a_further_queue_gives_its_watch_another(parts, app, platform):
    restart(parts, QUEUES)
    watch = next(iter(start(app, platform)))
    with QueueClient.from_connection_string(parts.storage, f"{QUEUE}-1-poison") as poison:
        poison.create_queue()
        poison.send_message(json.dumps({"id": watch, "seq": 0}))

    def poisoned():
        events = [event["data"]["baseData"] for event in platform.get("/events").json()["events"]]
        return [event["properties"]["watchId"] for event in events if event["name"] == "TicketPoisoned"]

    assert within(30, poisoned) == [watch]


def test_fewer_queues_lose_no_watch(parts, app, platform):
    restart(parts, QUEUES)
    watches = start(app, platform)

    restart(parts, 1)
    finish(platform, watches)

    tend = f"{parts.url}/admin/functions/tend_watches"
    assert outcomes(app, watches, lambda: app.post(tend, json={})) == ["succeeded"] * len(watches)
    assert all(lengths(parts)[name] for name in FURTHER)  # what nobody fetches any more
