"""Rows that somebody edited while the app runs: each harms itself alone, and a user can stop or restart it."""

import asyncio
from uuid import uuid4

import pytest
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from local.trials.scenario import reporting

#: Invisible for an hour, so that no turn comes meanwhile.
RUNNING = [{"headers": {"retry-after": "3600"}, "body": {"status": {"state": "Running"}}}]

SPOILT = [
    {"Outcome": "superseded"},
    {"Due": "soon"},
    {"Api": "of-a-newer-version"},
    {"Job": "no JSON"},
    {"Seq": -1, "Labels": 5},
]


@pytest.fixture
def watch(app, platform):
    job = reporting(f"job {uuid4()}", RUNNING, "stopped")
    platform.post("/jobs", json={"path": job.path, "script": job.script})
    body = {"api": job.api, "job": dict(job.ids), "labels": [f"spoilt {uuid4()}"]}
    return body | {"id": app.post("/watches", json=body).json()["id"]}


def edit(parts, watch_id, columns):
    async def scenario():
        async with TableClient.from_connection_string(parts.storage, "Watches") as table:
            entity = {"PartitionKey": watch_id[:2], "RowKey": watch_id, **columns}
            await table.update_entity(entity, UpdateMode.MERGE)

    asyncio.run(scenario())


@pytest.mark.parametrize("columns", SPOILT)
def test_a_list_passes_over_it_and_its_own_address_says_what_is_wrong(app, parts, watch, columns):
    edit(parts, watch["id"], columns)

    listed = app.get("/watches")
    problem = app.get(f"/watches/{watch['id']}")
    again = app.post("/watches", json={"api": watch["api"], "job": watch["job"]})

    assert listed.status_code == 200
    assert watch["id"] not in [found["id"] for found in listed.json()["watches"]]
    assert {(answer.status_code, answer.json()["type"]) for answer in (problem, again)} == {
        (409, "urn:problem-type:itwin-job-watch:unreadable-watch")
    }
    assert all(column in problem.json()["detail"] for column in columns if column != "Job" or "Api" in columns)


@pytest.mark.parametrize("columns", SPOILT)
def test_it_can_be_stopped(app, parts, watch, columns):
    edit(parts, watch["id"], columns)

    stopped = app.delete(f"/watches/{watch['id']}")

    assert (stopped.status_code, stopped.json()["outcome"]) == (200, "stopped")
    assert app.get(f"/watches/{watch['id']}").json()["outcome"] == "stopped"


@pytest.mark.parametrize("columns", SPOILT)
def test_it_can_be_restarted(app, parts, watch, columns):
    edit(parts, watch["id"], columns)

    body = {"api": watch["api"], "job": watch["job"], "restart": True}
    batch = app.post("/watches", json={"watches": [body, 5, {"api": "nobody", "job": {}}]}).json()["results"]

    assert [result["status"] for result in batch] == [202, 422, 422]
    assert app.get(f"/watches/{watch['id']}").json()["state"] == "watching"
