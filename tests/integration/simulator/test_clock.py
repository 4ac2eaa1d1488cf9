from datetime import timedelta

import pytest

from local.simulator.apis import ACCESS_CONTROL, APIS, REALITY_ANALYSIS, REPORTING, SCHEDULES
from local.simulator.clock import Ending, Plan, State, history, state_at
from local.simulator.jobs import Refusal, fate

TWENTY = timedelta(seconds=20)
FAILS = Plan(("Queued", "Started"), Ending("Failed", percentage=60, issues=True), TWENTY)


def seconds(number):
    return timedelta(seconds=number)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, State("Queued", 0, seconds(0))),
        (1.999, State("Queued", 0, seconds(0))),
        (2, State("Started", 10, seconds(2))),
        (3.999, State("Started", 10, seconds(2))),
        (4, State("Started", 20, seconds(2))),
        (19.999, State("Started", 90, seconds(2))),
        (20, State("Failed", 60, seconds(20), ended=True, issues=True)),
        (1e6, State("Failed", 60, seconds(20), ended=True, issues=True)),
    ],
)
def test_a_job_goes_through_its_words(age, expected):
    assert state_at(seconds(age), FAILS) == expected


@pytest.mark.parametrize("age", [20, 1e6])
def test_a_job_without_an_ending_stays_at_its_last_word(age):
    plan = Plan(("Queued", "Started"), None, TWENTY)
    assert state_at(seconds(age), plan) == State("Started", 90, seconds(2))


def test_a_job_with_one_word_keeps_it():
    plan = Plan(("Active",), Ending("Completed"), TWENTY)
    assert [state_at(seconds(age), plan).word for age in (0, 2, 19.9, 20)] == [
        "Active",
        "Active",
        "Active",
        "Completed",
    ]


def test_a_job_may_take_no_time():
    plan = Plan(("Active",), Ending("Completed"), seconds(0))
    assert state_at(seconds(0), plan) == State("Completed", 100, seconds(0), ended=True)


def test_history_has_each_word_once():
    assert [(state.word, state.since) for state in history(seconds(30), FAILS)] == [
        ("Queued", seconds(0)),
        ("Started", seconds(2)),
        ("Failed", seconds(20)),
    ]
    assert [state.word for state in history(seconds(1), FAILS)] == ["Queued"]


@pytest.mark.parametrize(
    ("api", "job_id", "word", "issues"),
    [
        (ACCESS_CONTROL, "fb936e1f-5a60-4fe0-8237-e7afbf47512b", "Completed", False),
        (ACCESS_CONTROL, "it-fails", "Failed", True),
        (ACCESS_CONTROL, "partial", "PartialCompleted", True),
        (ACCESS_CONTROL, "issues", "PartialCompleted", True),
        (ACCESS_CONTROL, "cancelled", "Completed", False),  # has no such ending
        (REALITY_ANALYSIS, "1", "success", False),
        (REALITY_ANALYSIS, "this-FAILS-2", "failed", True),
        (REALITY_ANALYSIS, "fails-forever", "failed", True),  # the first word of the list counts
        (REALITY_ANALYSIS, "cancelled", "cancelled", False),
        (REPORTING, "1", "Succeeded", False),
        (REPORTING, "issues", "Succeeded", True),
        (REPORTING, "partial", "Succeeded", True),
        (REPORTING, "failed", "Failed", True),
        (REPORTING, "pages", "Succeeded", True),
        (REPORTING, "failed-pages", "Failed", True),
        (SCHEDULES, "1", "Succeeded", False),
        (SCHEDULES, "fails", "Failed", False),
    ],
)
def test_a_word_in_the_id_decides_how_a_job_ends(api, job_id, word, issues):
    plan = fate(api, job_id, TWENTY)
    assert isinstance(plan, Plan)
    assert plan.ending is not None
    assert (plan.ending.word, plan.ending.issues, plan.length) == (word, issues, TWENTY)


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
def test_some_words_mean_the_same_for_all(api):
    assert fate(api, "forever-1", TWENTY) == Plan(api.words, None, TWENTY)
    assert fate(api, "missing-1", TWENTY) is Refusal.MISSING
    assert fate(api, "forbidden-1", TWENTY) is Refusal.FORBIDDEN
