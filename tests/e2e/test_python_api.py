"""What the Python API asks, the app answers: each method, over the whole stack."""

from uuid import uuid4

import pytest

from itwin_job_watch import JobWatch, Outcome, State
from local.trials.scenario import reporting


@pytest.fixture
def jobs(parts):
    with JobWatch(parts.url, parts.key) as jobs:
        yield jobs


def test_each_method_is_what_the_app_takes(jobs, parts, platform):
    states = ["Running", "Running", "Succeeded"]
    job = reporting(f"job {uuid4()}", [{"body": {"status": {"state": state}}} for state in states], "Succeeded")
    platform.post("/jobs", json={"path": job.path, "script": job.script})
    url, label = f"{parts.simulator}{job.path}", str(uuid4())

    begun = jobs.start(url, labels=[label])
    (same,) = jobs.start_all([{"api": job.api, "job": job.ids}])

    assert begun.id == same.id == jobs.show(begun).id
    assert [one.id for one in jobs.find(begun.id[:8])] == [begun.id]
    assert [one.id for one in jobs.find(url)] == [begun.id]
    assert [one.id for one in jobs.list(api=job.api, label=label)] == [begun.id]
    assert jobs.stop(begun).outcome is Outcome.STOPPED
    assert jobs.restart(begun).state is State.WATCHING
    assert [*jobs.follow([begun])][-1].outcome is Outcome.SUCCEEDED
    assert jobs.wait_all([begun.id.upper(), begun])[0].labels == (label,)
    assert [one.id for one in jobs.list(state=State.ENDED, outcome=Outcome.SUCCEEDED, label=label)] == [begun.id]
