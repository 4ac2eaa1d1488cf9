"""A simulated iTwin Platform for laptops and tests; never deployed.

It implements the documentation of the APIs under local/simulator/apis.  It imports nothing from `shared`: an
independent reading of the same pages reveals mistakes in the first one.  What the pages do not confirm is marked
"unconfirmed" in the code.

Jobs begin as on the platform, with its POST requests, or without: any job id works.  Such a job starts with the first
request for it.  Either kind ends after the job duration.  A word inside the id of a job that was not begun over HTTP
decides how; of several, the first in this list that the API supports:

    fail          ends as failed
    error         the same, in the older word (Changed Elements v2)
    invalid       ends as invalid, without an error (Mesh Export)
    federation    a fork whose iModel lacks GUIDs (iModels)
    cancel        ends as cancelled (all Reality APIs, Library, Transformations, Synchronization, Export)
    abort         ends as aborted (Library, Transformations)
    partial       succeeds in part (Access Control, Grouping & Mapping, Synchronization, Export;
    issue         Reporting: Succeeded with containsIssues); Reality v2, `issue` alone: with warnings
    pages         the same, with a log of 250 entries (Reporting, Grouping & Mapping)
    timeout       ends with the result TimedOut (Synchronization, Export); likewise:
    skip          Skipped
    undetermined  Undetermined
    unsubmitted   stays so for ever (all Reality v1 APIs); likewise:
    waiting       waitingForFile (iModels)
    notgenerated  notGenerated (a checkpoint)
    created       Created (Transformations)
    forever       never ends
    missing       does not exist: 404
    forbidden     is not accessible: 403

With none of them, a job succeeds.  A failed extraction with `pages` in its id has the same long log; a failed diff job
with `text` has a text instead of an error object.  Script anything else over HTTP, under `/_sim`: see
local/simulator/control.py.

Webhooks, created over HTTP as on the platform, are sent when a job ends; what may go wrong with them is switched under
`/_sim/webhooks`.
"""

from local.simulator.app import create_app

__all__ = ["create_app"]
