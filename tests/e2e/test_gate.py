"""One watch's 429 concerns the other watches of its API, and those of no other."""

from datetime import datetime, timedelta

from local.scenario import reporting, schedules

LIMITED = [{"status": 429, "headers": {"retry-after": "4"}}, {"body": {"status": {"state": "Succeeded"}}}]
FREE = [{"body": {"status": {"state": "Succeeded"}}}]
ELSEWHERE = [{"body": {"operation": {"status": "Succeeded"}}}]


def test_a_429_shuts_the_gate_of_its_api(app, platform, ended):
    jobs = [
        reporting("limited", LIMITED, "succeeded"),
        reporting("of the same api", FREE, "succeeded"),
        schedules("of another api", ELSEWHERE, "succeeded"),
    ]
    for job in jobs:
        platform.post("/jobs", json={"path": job.path, "script": job.script})

    watches = [start(app, jobs[0])]
    (refused,) = asked_for(platform, jobs[0], at_least=1)
    watches += [start(app, job) for job in jobs[1:]]
    for watch_id in watches:
        ended(watch_id)

    same, other = (asked_for(platform, job, at_least=1)[0] for job in jobs[1:])
    assert same >= refused + timedelta(seconds=4)
    assert other < refused + timedelta(seconds=4)


def start(app, job):
    return app.post("/watches", json={"api": job.api, "job": dict(job.ids)}).json()["id"]


def asked_for(platform, job, at_least):
    """When a job was asked about, as soon as that has been so many times."""
    while True:
        requests = [r for r in platform.get("/requests").json()["requests"] if r["path"] == job.path and r["status"]]
        if len(requests) >= at_least:
            return [datetime.fromisoformat(r["time"]) for r in requests]
