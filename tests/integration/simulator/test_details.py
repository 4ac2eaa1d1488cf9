"""A Reality Analysis job in full."""

from datetime import datetime

import pytest

from tests.integration.simulator.test_apis import V1, V2

JOB = "/realitydataanalysis/jobs/{}"
TIMES = ("submissionDateTime", "startedDateTime", "endedDateTime")


def details(simulator, job_id, **clock):
    simulator.ended(f"{JOB.format(job_id)}/progress", **clock)
    return simulator.get(JOB.format(job_id)).json()["job"]


def test_a_failed_job_tells_of_an_error_and_a_warning(simulator):
    job = details(simulator, "a%2Fb", ends="failed")
    execution = job["executionInformation"]
    assert (job["id"], job["state"]) == ("a/b", "failed")
    assert execution["exitCode"] != 0
    assert execution["errors"]
    assert execution["warnings"]
    for told in execution["errors"] + execution["warnings"]:
        assert told.keys() == {"code", "title", "message", "params"}


@pytest.mark.parametrize("ends", ["success", "cancelled"])
def test_other_ends_have_neither(simulator, ends):
    job = details(simulator, "1", ends=ends)
    execution = job["executionInformation"]
    assert (job["state"], execution["exitCode"], execution["errors"], execution["warnings"]) == (ends, 0, [], [])


def test_times_pass_in_order(simulator):
    times = [datetime.fromisoformat(details(simulator, "1")["executionInformation"][name]) for name in TIMES]
    assert times == sorted(times)


def test_a_job_that_was_not_started_has_no_times(simulator):
    simulator.clock(f"{JOB.format('1')}/progress", seconds=60)
    job = simulator.get(JOB.format("1")).json()["job"]
    assert job["state"] == "unsubmitted"
    assert [job["executionInformation"][name] for name in TIMES] == [None, None, None]


def test_it_is_the_job_that_its_progress_shows(simulator):
    simulator.clock(f"{JOB.format('1')}/progress", seconds=0.2)
    simulator.get(JOB.format("1"))
    while simulator.get(JOB.format("1")).json()["job"]["state"] != "success":
        pass
    assert simulator.get(f"{JOB.format('1')}/progress").json()["progress"]["state"] == "success"


def test_a_job_that_is_not_there(simulator):
    answer = simulator.get(JOB.format("missing"))
    assert answer.status_code == 404
    assert answer.json() == {"error": {"code": "JobNotFound", "message": "Requested job is not available."}}
    assert simulator.get(JOB.format("forbidden")).status_code == 403


def test_it_wants_a_token_and_its_version(simulator):
    assert simulator.get(JOB.format("1"), headers={"Accept": V1}).status_code == 200
    assert simulator.get(JOB.format("1"), headers={"Accept": V2}).status_code == 406
    del simulator.headers["Authorization"]
    assert simulator.get(JOB.format("1")).status_code == 401
