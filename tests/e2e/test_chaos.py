"""`python3 -m local chaos`, small; and that its count of early polls can count."""

import subprocess
import sys
from datetime import timedelta

from local.setup.bootstrap import ROOT
from local.trials.chaos import Mishaps
from local.trials.scenario import reporting
from local.trials.verdict import Evidence, early_polls
from tests.builders import NOON

JOB = reporting("job", [{"status": 429, "headers": {"retry-after": "3"}}, {"body": {}}], "failed")


def test_a_small_run_loses_doubles_and_hurries_nothing():
    command = [sys.executable, "-m", "local", "chaos", "--watches", "24", "--kills", "2", "--seed", "7"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    figures = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines() if line.strip()[-1:].isdigit())
    figures = {name.strip(): figure for name, figure in figures.items()}
    done_to_it = ("watches", "kills", "of them workers", "queues in the end", "outages", "tokens revoked")
    assert [figures[name] for name in done_to_it] == ["24", "2", "1", "2", "1", "2"]
    assert int(figures["duplicates"]) > 0
    assert int(figures["polls"]) >= 24 * 3  # each job goes on for two answers at least, and ends
    assert int(figures["of them wrongly signed"]) >= 5  # those of one `forge`
    assert 0 < int(figures["of them woke a watch"]) < int(figures["events"])
    wrong = ("early polls", "forged and accepted", "lost", "double rows", "unannounced")
    assert [figures[name] for name in wrong] == ["0"] * 5


def asked(*seconds):
    requests = [{"time": (NOON + timedelta(seconds=second)).isoformat(), "status": 200} for second in seconds]
    return Evidence(watch={}, rows=[], events=[], requests=requests)


def test_a_poll_before_the_retry_after_is_early():
    assert len(list(early_polls(JOB, asked(0, 2.9), excused=Mishaps().between))) == 1
    assert list(early_polls(JOB, asked(0, 3), excused=Mishaps().between)) == []


def test_two_polls_at_once_are_one_too_many():
    assert len(list(early_polls(JOB, asked(0, 3, 3.1), excused=Mishaps().between))) == 1


def test_a_copied_ticket_may_come_as_soon_as_the_schedule_allows():
    half = timedelta(seconds=0.5)

    assert list(early_polls(JOB, asked(0, 3, 3.6), half)) == []
    assert len(list(early_polls(JOB, asked(0, 3, 3.4), half))) == 1


def test_what_a_killed_worker_was_told_nobody_can_know():
    assert list(early_polls(JOB, asked(0, 2), excused=Mishaps(kills=[NOON + timedelta(seconds=1)]).between)) == []
    assert len(list(early_polls(JOB, asked(0, 2), excused=Mishaps(kills=[NOON + timedelta(seconds=3)]).between))) == 1
