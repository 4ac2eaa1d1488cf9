"""Runs of Synchronization and Export: one word says that a run has ended, a second one how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local.trials.scenario.job import Answer, Job, Start, begun, id_of, scripted

#: Ids of connections, in the form of the pages: 43 characters of base64url.
STORAGE = "_k8Zq-vYxE2dWnJ7tRb0sLhQ3mFuC5aGpVoT9yXeIr4"
MANIFEST = "Vd-3fKp_1QmZxT8rYwN6bHs0JcLgEuA5oRiW7nBtXq2"
EXPORT = "-Tg5Wz_4RkBnYqM1vCxP8dLs2HfJuEaO7iQoXr9tGb6"

FAILED_TASK = "Error: TAE_BRW_1000: Failed to export your file."


def synchronization(what: str, script: Sequence[Answer], outcome: str, **more: Any) -> Job:
    """Return a run of a storage connection."""
    ids = {"connectionId": STORAGE, "runId": id_of(what)}
    path = f"/synchronization/imodels/storageconnections/{STORAGE}/runs/{ids['runId']}"
    return scripted(what, "synchronization-storage", ids, path, script=script, outcome=outcome, **more)


JOBS: Sequence[Job] = (
    begun(
        "Drawings synchronized",
        "synchronization-storage",
        Start(path=f"/synchronization/imodels/storageconnections/{STORAGE}/run", linked=True),
        "succeeded",
        seconds=10,
    ),
    begun(
        "Synchronized in part",
        "synchronization-manifest",
        Start(path=f"/synchronization/imodels/manifestconnections/{MANIFEST}/runs", linked=True),
        "partial",
        seconds=8,
        ends="PartialSuccess",
        reason="User is not authenticated.",
        evidence=[FAILED_TASK],
    ),
    begun(
        "Completed, with an error",
        "export",
        Start(path=f"/export/connections/{EXPORT}/runs", linked=True),
        "failed",
        seconds=8,
        ends="Error",
        evidence=[FAILED_TASK],
    ),
)
