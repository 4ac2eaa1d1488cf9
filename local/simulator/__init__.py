"""A simulated iTwin Platform for laptops and tests; never deployed.

It implements the documentation of four APIs: Access Control, Reality Analysis, Reporting and Schedules.  It imports
nothing from `shared`: an independent reading of the same pages reveals mistakes in the first one.  What the pages do
not confirm is marked "unconfirmed" in the code.

Any job id works.  A job starts with the first request for it, and ends after the job duration.  A word inside its id
decides how; of several, the first in this list that the API supports:

    fail        ends as failed
    cancel      ends as cancelled (Reality Analysis)
    partial     succeeds in part (Access Control: PartialCompleted;
    issue         Reporting: Succeeded with containsIssues)
    pages       the same, with a log of 250 entries (Reporting)
    forever     never ends
    missing     does not exist: 404
    forbidden   is not accessible: 403

With none of them, a job succeeds.  A failed extraction with `pages` in its id has the same long log.  Script anything
else over HTTP, under `/_sim`: see local/simulator/control.py.
"""

from local.simulator.app import create_app

__all__ = ["create_app"]
