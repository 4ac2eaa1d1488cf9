"""The iTwin Platform, simulated, for laptops and tests; never deployed.

It serves what the documentation of four APIs says: Access Control, Reality Analysis, Reporting and Schedules.  Nothing
is imported from `shared`: this is a second reading of the same pages, so that a mistake in the first one shows.  What
the pages do not confirm is marked "unconfirmed" where it is written down.

Any job id works.  A job begins when it is first asked about, and ends after the job duration.  A word inside its id
decides how; of several, the first of this list that the API has:

    fail        ends as failed
    cancel      ends as cancelled (Reality Analysis)
    partial     ends with reservations (Access Control: PartialCompleted;
    issue         Reporting: Succeeded with containsIssues)
    pages       the same, with a log of 250 entries (Reporting)
    forever     never ends
    missing     is not there: 404
    forbidden   may not be seen: 403

With none of them, a job succeeds.  A failed extraction with `pages` in its id has as long a log.  What else should
happen is scripted over HTTP, under `/_sim`: see local/simulator/control.py.
"""

from local.simulator.app import create_app

__all__ = ["create_app"]
