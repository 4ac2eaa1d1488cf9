"""Synchronization, runs of manifest connections.

https://developer.bentley.com/apis/synchronization/operations/get-manifest-connection-run
"""

from dataclasses import replace

from shared.apis.synchronization_storage import SYNCHRONIZATION_STORAGE

SYNCHRONIZATION_MANIFEST = replace(
    SYNCHRONIZATION_STORAGE,
    name="synchronization-manifest",
    path="/synchronization/imodels/manifestconnections/{connectionId}/runs/{runId}",
)
