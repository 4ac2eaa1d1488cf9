"""Ends are announced even when Application Insights has a bad day."""

import time
from uuid import uuid4

from azure.data.tables import TableServiceClient

from local.parts.stack import RESULTS, WATCHES
from local.trials.scenario import reporting


def test_an_end_is_announced_once_application_insights_is_back(app, platform, ended, parts):
    job = reporting(f"job {uuid4()}", [{"body": {"status": {"state": "Succeeded"}}}], "succeeded")
    platform.post("/jobs", json={"path": job.path, "script": job.script})
    busy = {"index": 0, "statusCode": 503, "message": "busy"}
    bad_day = [
        {"status": 500},
        {"drop": True},
        {"body": "<html>log in</html>"},
        {"body": {"itemsReceived": 1, "itemsAccepted": 0, "errors": []}},
        {"status": 206, "body": {"itemsReceived": 1, "itemsAccepted": 0, "errors": [busy]}},
        {"body": {"itemsReceived": 100, "itemsAccepted": 100, "errors": []}},
    ]
    platform.post("/jobs", json={"path": "/v2.1/track", "script": bad_day})

    watch_id = app.post("/watches", json={"api": job.api, "job": job.ids}).json()["id"]
    ended(watch_id)

    give_up = time.monotonic() + 60
    with TableServiceClient.from_connection_string(parts.storage) as tables:
        while not tables.get_table_client(WATCHES).get_entity(watch_id[:2], watch_id)["Published"]:
            assert time.monotonic() < give_up
            time.sleep(0.2)
        rows = [row for row in tables.get_table_client(RESULTS).list_entities() if row["WatchId"] == watch_id]
    events = [envelope["data"]["baseData"] for envelope in platform.get("/events").json()["events"]]
    mine = [event["properties"]["outcome"] for event in events if event["properties"].get("watchId") == watch_id]
    assert (len(rows), mine) == (1, ["succeeded"])


def test_events_are_tied_to_their_invocation(app, platform, ended):
    job = reporting(f"job {uuid4()}", [{"body": {"status": {"state": "Succeeded"}}}], "succeeded")
    platform.post("/jobs", json={"path": job.path, "script": job.script})
    watch_id = app.post("/watches", json={"api": job.api, "job": job.ids}).json()["id"]
    ended(watch_id)

    give_up = time.monotonic() + 10
    while not (
        envelopes := [
            envelope
            for envelope in platform.get("/events").json()["events"]
            if envelope["data"]["baseData"]["properties"].get("watchId") == watch_id
        ]
    ):
        assert time.monotonic() < give_up
        time.sleep(0.1)

    tags = envelopes[0]["tags"]
    assert len(tags["ai.operation.id"]) == 32
    assert set(tags["ai.operation.id"]) != {"0"}
    assert tags["ai.cloud.role"] == "itwin-job-watch"


def test_what_is_said_of_a_watch_reaches_application_insights(app, platform, ended):
    """One category for each function, as Microsoft's host filters them; nothing of a turn that changes nothing."""
    bodies = [{"body": {"status": {"state": state}}} for state in ("Running", "Running", "Succeeded")]
    job = reporting(f"job {uuid4()}", bodies, "succeeded")
    stopped = reporting(f"job {uuid4()}", bodies[:1], "")
    for one in (job, stopped):
        platform.post("/jobs", json={"path": one.path, "script": one.script})
    ids = [app.post("/watches", json={"api": one.api, "job": one.ids}).json()["id"] for one in (job, stopped)]
    ended(ids[0])
    app.delete(f"/watches/{ids[1]}")

    def said(watch_id):
        for item in platform.get("/telemetry").json()["telemetry"]:
            data = item["data"]["baseData"]
            if f"watch={watch_id}" in data.get("message", ""):
                yield data["properties"]["Category"], data["message"].partition(" ")[0]

    give_up = time.monotonic() + 10
    while not {"watch.ended"} <= {what for _, what in said(ids[0])} & {what for _, what in said(ids[1])}:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    assert list(said(ids[0])) == [
        ("Function.start_watch.User", "watch.started"),
        ("Function.poll_watch.User", "watch.moved"),
        ("Function.poll_watch.User", "watch.ended"),
    ]
    assert ("Function.stop_watch.User", "watch.ended") in said(ids[1])
    assert {item["data"]["baseType"] for item in platform.get("/telemetry").json()["telemetry"]} <= {"MessageData"}
