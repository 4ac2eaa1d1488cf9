"""`python3 -m local run`, as typed."""

import subprocess
import sys

from local.setup.bootstrap import ROOT
from local.trials.scenario import GROUPS, JOBS


def test_it_watches_all_jobs_to_their_end_and_finds_nothing_wrong():
    done = subprocess.run(
        [sys.executable, "-m", "local", "run"], cwd=ROOT, capture_output=True, text=True, timeout=150, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(JOBS)} of {len(JOBS)} watches ended as expected: {len(JOBS)} rows" in done.stdout
    for group, jobs in GROUPS.items():
        heading = done.stdout.index(f"{group}: {len(jobs)} of {len(jobs)} ended\n")
        table = done.stdout[heading:]
        assert [table.find(job.what) for job in jobs] == sorted(table.index(job.what) for job in jobs)
