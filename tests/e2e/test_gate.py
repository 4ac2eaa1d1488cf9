"""A 429 that another one confirms concerns all watches of its API, and those of no other."""

import time
from datetime import datetime, timedelta

from local.trials.scenario import Answer, reporting, schedules

LIMITED: list[Answer] = [{"status": 429, "headers": {"retry-after": "4"}}, {"body": {"status": {"state": "Succeeded"}}}]
FREE: list[Answer] = [{"body": {"status": {"state": "Succeeded"}}}]
ELSEWHERE: list[Answer] = [{"body": {"operation": {"status": "Succeeded"}}}]


def test_a_429_shuts_the_gate_of_its_api(app, platform, ended):
    limited = [reporting(f"limited {number}", LIMITED, "succeeded") for number in range(10)]
    jobs = [reporting("of the same api", FREE, "succeeded"), schedules("of another api", ELSEWHERE, "succeeded")]
    for job in (*limited, *jobs):
        platform.post("/jobs", json={"path": job.path, "script": job.script})

    # The app may have met 429s before, and take one for none of its own doing until another follows within 10 s: a
    # machine that is busy may take longer.
    watches = []
    for job in limited:
        watches.append(start(app, job))
        (refused,) = asked_for(platform, job)
        if is_shut(app, "reporting"):
            break
    watches += [start(app, job) for job in jobs]
    for watch_id in watches:
        ended(watch_id)

    same, other = (asked_for(platform, job)[0] for job in jobs)
    assert same >= refused + timedelta(seconds=4)
    assert other < refused + timedelta(seconds=4)


def start(app, job):
    return app.post("/watches", json={"api": job.api, "job": dict(job.ids)}).json()["id"]


def is_shut(app, api, within=2):
    """Whether a gate is shut, or will be as soon as the app has written what a refusal taught it."""
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        gates = app.get("/gates").json()["gates"]
        if next(gate for gate in gates if gate["api"] == api)["shutUntil"]:
            return True
    return False


def asked_for(platform, job, within=10):
    """When a job was asked about, as soon as it was."""
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        requests = [r for r in platform.get("/requests").json()["requests"] if r["path"] == job.path and r["status"]]
        if requests:
            return [datetime.fromisoformat(r["time"]) for r in requests]
    raise AssertionError(f"nobody asked within {within} s")
