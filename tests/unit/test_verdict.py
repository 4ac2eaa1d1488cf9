"""The check behind `run` can fail: each thing that may be wrong is found."""

from dataclasses import replace

import pytest

from local.trials.scenario import reporting
from local.trials.verdict import Evidence, disagreements

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
