"""A 429 that another one confirms concerns all watches of its API, and those of no other."""

import time
from datetime import datetime, timedelta

from local.trials.scenario import Answer, reporting, schedules

LIMITED: list[Answer] = [{"status": 429, "headers": {"retry-after": "4"}}, {"body": {"status": {"state": "Succeeded"}}}]
FREE: list[Answer] = [{"body": {"status": {"state": "Succeeded"}}}]
ELSEWHERE: list[Answer] = [{"body": {"operation": {"status": "Succeeded"}}}]


def test_a_429_shuts_the_gate_of_its_api(app, platform, ended):
    jobs = [
        reporting("limited", LIMITED, "succeeded"),
        reporting("limited too", LIMITED, "succeeded"),
        reporting("of the same api", FREE, "succeeded"),
        schedules("of another api", ELSEWHERE, "succeeded"),
    ]
    for job in jobs:
        platform.post("/jobs", json={"path": job.path, "script": job.script})

    watches = []
    for job in jobs[:2]:  # the app may have met 429s before, and take the first for one that is not its own doing
        watches.append(start(app, job))
        (refused,) = asked_for(platform, job)
    shut(app, "reporting")
    watches += [start(app, job) for job in jobs[2:]]
    for watch_id in watches:
        ended(watch_id)

    same, other = (asked_for(platform, job)[0] for job in jobs[2:])
    assert same >= refused + timedelta(seconds=4)
    assert other < refused + timedelta(seconds=4)


def start(app, job):
    return app.post("/watches", json={"api": job.api, "job": dict(job.ids)}).json()["id"]


def shut(app, api, within=10):
    """Wait until the app has written what a refusal taught it: the platform's answer is older."""
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        gates = app.get("/gates").json()["gates"]
        if next(gate for gate in gates if gate["api"] == api)["shutUntil"]:
            return
    raise AssertionError(f"the gate of {api} was not shut within {within} s")


def asked_for(platform, job, within=10):
    """When a job was asked about, as soon as it was."""
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        requests = [r for r in platform.get("/requests").json()["requests"] if r["path"] == job.path and r["status"]]
        if requests:
            return [datetime.fromisoformat(r["time"]) for r in requests]
    raise AssertionError(f"nobody asked within {within} s")
