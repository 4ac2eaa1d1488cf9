"""Jobs of Reality Analysis, v1.

https://developer.bentley.com/apis/realitydataanalysis/operations/jobs-progress
"""

from __future__ import annotations

from typing import Any

from local.simulator.apis.api import Api, View
from local.simulator.clock import Ending
from local.simulator.errors import RATE_LIMIT_EXCEEDED, Problem


def _body(view: View) -> dict[str, Any]:
    """The page's example is an active job's; that other jobs have an empty step is unconfirmed."""
    step = "Prepare_Production" if view.state.word == "active" else ""
    return {"progress": {"percentage": view.state.percentage, "state": view.state.word, "step": step}}


REALITY_ANALYSIS = Api(
    name="reality-analysis",
    path="/realitydataanalysis/jobs/{jobId}/progress",
    version=1,
    words=("unsubmitted", "active"),
    success=Ending("success"),
    endings={
        "fail": Ending("failed", percentage=90, issues=True),  # unconfirmed: the percentage of a job that stopped
        "cancel": Ending("cancelled", percentage=90),
    },
    missing=Problem(404, "ProgressNotFound", "Requested progress is not available."),
    throttled=RATE_LIMIT_EXCEEDED,
    body=_body,
)
