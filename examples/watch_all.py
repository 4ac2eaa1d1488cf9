"""Watch all jobs that a program has begun, and follow them to their ends.

    pip install itwin-job-watch
    export ITWIN_JOB_WATCH_URL=https://<app name>.azurewebsites.net ITWIN_JOB_WATCH_KEY=<function key>
    python watch_all.py answers.json

The file (or stdin, without a name) is a JSON list: each what the platform answered when a job was begun.  Prints a
line whenever a watch has changed, and exits with 0 only if all jobs succeeded.
"""

import json
import sys
from pathlib import Path

from itwin_job_watch import JobWatch, JobWatchError, Watch


def main(text: str) -> int:
    """Return the exit status."""
    with JobWatch() as jobs:
        found = jobs.start_all([{"response": answer} for answer in json.loads(text)])
        watches = [one for one in found if isinstance(one, Watch)]
        for number, one in enumerate(found):
            if isinstance(one, JobWatchError):
                print(f"answer {number}: {one}", file=sys.stderr)
        ends = {}
        for watch in jobs.follow(watches):
            print(f"{watch.id[:8]}  {watch.api:20}  {watch.outcome or watch.status or watch.state}", flush=True)
            ends[watch.id] = watch
    return 0 if len(watches) == len(found) and all(one.has_succeeded for one in ends.values()) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]).read_text("utf-8") if sys.argv[1:] else sys.stdin.read()))
    except JobWatchError as error:
        sys.exit(str(error))
