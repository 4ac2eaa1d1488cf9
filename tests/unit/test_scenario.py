"""The scenario of `python3 -m local run` is complete, and fits its table."""

from itertools import chain

from local.simulator.apis import APIS
from local.trials.board import API, NAME
from local.trials.scenario import GROUPS, JOBS

NAMES = {api.name for api in APIS}

#: The first four have scripts.  The answer to a checkpoint has neither a link nor ids.
NOT_HANDED_OVER = {"access-control", "reality-analysis", "reporting", "schedules", "imodels-checkpoint"}


def test_every_api_that_the_simulator_knows_has_a_job():
    assert {job.api for job in JOBS} == NAMES, "add a job of each to local/trials/scenario"


def test_the_jobs_of_an_api_are_in_one_group():
    apis = [{job.api for job in jobs} for jobs in GROUPS.values()]

    assert sorted(chain(*apis)) == sorted(NAMES)


def test_what_begins_a_job_is_handed_over_wherever_it_says_which():
    assert {job.api for job in JOBS if job.start and not job.url} == NAMES - NOT_HANDED_OVER


def test_each_job_goes_by_a_script_or_by_a_clock():
    assert all(bool(job.script) != bool(job.clock) for job in JOBS)


def test_names_are_different_and_fit_their_columns():
    names = {job.what for job in JOBS}

    assert len(names) == len(JOBS)
    assert max(map(len, names)) <= NAME
    assert max(map(len, NAMES)) <= API
