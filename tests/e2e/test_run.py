"""`python3 -m local run`, as typed."""

import subprocess
import sys

from local.setup.bootstrap import ROOT
from local.trials.scenario import JOBS
from shared.apis import APIS


def test_it_watches_all_jobs_to_their_end_and_finds_nothing_wrong():
    done = subprocess.run(
        [sys.executable, "-m", "local", "run"], cwd=ROOT, capture_output=True, text=True, timeout=150, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(JOBS)} of {len(JOBS)} watches ended as expected: {len(JOBS)} rows" in done.stdout


def test_the_scenario_has_twelve_jobs_or_more_of_four_apis():
    assert len(JOBS) >= 12
    assert {"access-control", "reality-analysis", "reporting", "schedules"} <= {job.api for job in JOBS} <= set(APIS)
