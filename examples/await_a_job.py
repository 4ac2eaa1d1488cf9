"""Await the end of one job.

    pip install itwin-job-watch
    export ITWIN_JOB_WATCH_URL=https://<app name>.azurewebsites.net ITWIN_JOB_WATCH_KEY=<function key>
    python await_a_job.py <status URL of the job>

Prints the outcome, and exits with 0 if the job succeeded, with 1 if it did not.
"""

import sys

from itwin_job_watch import JobWatch, JobWatchError


def main(url: str) -> int:
    """Return the exit status."""
    with JobWatch() as jobs:
        ended = jobs.wait(jobs.start(url))
    print(ended.outcome, ended.reason or "")
    return 0 if ended.has_succeeded else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]) if sys.argv[1:] else __doc__)
    except JobWatchError as error:
        sys.exit(str(error))
