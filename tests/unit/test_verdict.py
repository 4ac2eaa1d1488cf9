"""The check behind `run` can fail: each thing that may be wrong is found."""

from dataclasses import replace
from datetime import timedelta

import pytest

from local.trials.scenario import reporting
from local.trials.told import believed
from local.trials.verdict import Evidence, disagreements, early_polls

ENDED = "2026-11-20T12:00:09Z"
JOB = reporting(
    "job", [{"status": 429, "headers": {"retry-after": "4"}}, {"body": {}}], "failed", reason="no disk", polls=2
)
WATCH = {"api": "reporting", "outcome": "failed", "reason": "no disk left", "polls": 2, "endedAt": ENDED}
WATCH |= {"evidence": ["no disk"], "issues": 1, "progress": 50}
ROW = {"PartitionKey": "reporting", "Outcome": "failed", "Reason": "no disk left", "Polls": 2, "EndedAt": ENDED}
ROW["Evidence"] = "no disk"
EVENT = {
    "name": "WatchFinished",
    "properties": {"api": "reporting", "outcome": "failed"},
    "measurements": {"polls": 2},
}


def poll(second, status=200):
    return {"time": f"2026-11-20T12:00:{second:06.3f}+00:00", "status": status}


GOOD = Evidence(watch=WATCH, rows=[ROW], events=[EVENT], requests=[poll(1, 429), poll(5)])


def test_what_is_as_it_must_be_is_good():
    assert list(disagreements(JOB, GOOD)) == []
    assert list(disagreements(JOB, replace(GOOD, events=[EVENT, EVENT]))) == []  # at least once


@pytest.mark.parametrize(
    ("job", "found", "complaint"),
    [
        (replace(JOB, outcome="succeeded"), GOOD, "ended as failed, not as succeeded"),
        (replace(JOB, reason="no memory"), GOOD, "the reason is 'no disk left', without 'no memory'"),
        (replace(JOB, polls=3), GOOD, "2 polls, not 3"),
        (replace(JOB, evidence=["no memory"]), GOOD, "the evidence is ['no disk']"),
        (replace(JOB, entries=5), GOOD, "1 entries of evidence, not 5"),
        (replace(JOB, progress=60), GOOD, "the progress is 50, not 60"),
        (replace(JOB, api="export"), GOOD, "the API is reporting, not export"),
        (JOB, replace(GOOD, rows=[ROW | {"Evidence": ""}]), "the row says"),
        (JOB, replace(GOOD, rows=[]), "0 rows in Results, not 1"),
        (JOB, replace(GOOD, rows=[ROW, ROW]), "2 rows in Results, not 1"),
        (JOB, replace(GOOD, rows=[ROW | {"Outcome": "lost"}]), "the row says ('reporting', 'lost'"),
        (JOB, replace(GOOD, events=[]), "no WatchFinished event"),
        (JOB, replace(GOOD, events=[EVENT | {"measurements": {"polls": 1}}]), "an event says ('WatchFinished'"),
        (JOB, replace(GOOD, requests=[poll(1, 429), poll(4.9)]), "polled again after 3.900 s instead of 4"),
        (JOB, replace(GOOD, requests=[poll(1, 429), poll(6), poll(6.5)]), "polled again after 0.500 s instead of 1"),
        (
            replace(JOB, script=[]),
            replace(GOOD, requests=[poll(1), poll(1.9)]),
            "polled again after 0.900 s instead of 1",
        ),
        (JOB, replace(GOOD, requests=[poll(1, 429), poll(2, 401), poll(2)]), "polled again after 1.000 s instead of 4"),
    ],
)
def test_what_is_wrong_is_said(job, found, complaint):
    (said,) = disagreements(job, found)

    assert said.startswith(complaint)


def told(second, message="m", **more):
    """An attempt to send an event."""
    attempt = {"messageId": message, "lost": False, "rightlySigned": True, "status": 200, "seconds": 0.1}
    return attempt | {"time": poll(second)["time"]} | more


def early(polls, *attempts):
    """The early polls of a job whose first answer, at 1, says Retry-After: 4, and whose schedule begins with 3 s."""
    found = replace(GOOD, requests=[poll(1, 429), *map(poll, polls)], told=attempts)
    return len(list(early_polls(JOB, found, timedelta(seconds=3))))


@pytest.mark.parametrize(
    ("polls", "attempts"),
    [
        ((5, 6.2), [told(6)]),
        ((5, 6.2, 7.4), [told(6, "one"), told(7, "other")]),
        ((5, 6.2), [told(4.9, seconds=0.2)]),  # during the turn of the poll at 5
        ((5, 7), [told(2, status=503), told(6.5)]),  # and sent again
        ((5, 7), [told(5.5, status=None, seconds=5)]),  # woke, and was killed before it answered
        ((1.2,), [told(1.1)]),  # one of the two lost its swap: what the first poll was told nobody knows
    ],
)
def test_an_event_allows_one_poll_sooner(polls, attempts):
    assert early(polls) > 0
    assert early(polls, *attempts) == 0


@pytest.mark.parametrize(
    ("polls", "attempts"),
    [
        ((3.5,), [told(3)]),  # before the Retry-After
        ((5, 6.2, 7.4), [told(6)]),  # a second poll for one event
        ((5, 6.2, 7.4), [told(6), told(7)]),  # ... which is doubled, or replayed
        ((5, 6.2), [told(6.5)]),  # an event after the poll
        ((5, 6.2), [told(2)]),  # one of long before
        ((5, 6.2), [told(2), told(6)]),  # ... which comes again
        ((5, 6.2), [told(6, rightlySigned=False, status=401)]),  # a forged one
        ((5, 6.2), [told(6, lost=True, status=None)]),
    ],
)
def test_an_event_allows_no_more_than_that(polls, attempts):
    assert early(polls, *attempts) == 1


def test_a_forged_event_must_be_refused():
    attempts = [told(1), told(2, rightlySigned=False, status=401), told(3, rightlySigned=False, status=200)]

    assert list(believed(attempts)) == ["a forged event was answered with 200"]
