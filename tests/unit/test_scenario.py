"""The scenario of `python3 -m local run` is complete, and fits its table."""

from itertools import chain

from local.trials.board import API, NAME
from local.trials.scenario import GROUPS, JOBS
from shared.apis import APIS


def test_every_api_has_a_job():
    assert {job.api for job in JOBS} == {*APIS}


def test_the_jobs_of_an_api_are_in_one_group():
    apis = [{job.api for job in jobs} for jobs in GROUPS.values()]

    assert len([*chain(*apis)]) == len(APIS)


def test_names_are_different_and_fit_their_columns():
    names = {job.what for job in JOBS}

    assert len(names) == len(JOBS)
    assert max(map(len, names)) <= NAME
    assert max(map(len, APIS)) <= API


def test_what_the_platform_answers_is_handed_over_for_each_kind_of_start():
    begun = {job.api for job in JOBS if job.start and not job.url}

    # Not: the four that have scripts, and the checkpoint, whose answer has neither a link nor ids.
    assert {*APIS} - begun == {"access-control", "reality-analysis", "reporting", "schedules", "imodels-checkpoint"}


def test_each_job_goes_by_a_script_or_by_a_clock():
    assert all(bool(job.script) != bool(job.clock) for job in JOBS)
