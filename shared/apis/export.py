"""Export, runs of connections that write IFC, PDF and others from iModels.

https://developer.bentley.com/apis/export/operations/get-export-connection-run
"""

from dataclasses import replace

from shared.apis.synchronization_storage import SYNCHRONIZATION_STORAGE

# The page has the same states, results and members as those of Synchronization.
EXPORT = replace(
    SYNCHRONIZATION_STORAGE,
    name="export",
    path="/export/connections/{connectionId}/runs/{runId}",
    event=None,  # no page names one for its runs
)
