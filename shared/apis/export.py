"""Export, runs of connections that write IFC, PDF and others from iModels.

https://developer.bentley.com/apis/export/operations/get-export-connection-run
"""

from dataclasses import replace

from shared.apis.synchronization_storage import SYNCHRONIZATION_STORAGE

# The page has the states and results of Synchronization.  That a run has an error of its own, as there, is unconfirmed.
EXPORT = replace(
    SYNCHRONIZATION_STORAGE,
    name="export",
    path="/export/connections/{connectionId}/runs/{runId}",
    event=None,  # no page names one for its runs
    guids=frozenset({"connectionId", "runId"}),
)
