"""Reality Conversion jobs, version 2: https://developer.bentley.com/apis/reality-conversion/operations/jobs-progress."""

from dataclasses import replace

from shared.apis.reality_analysis_v2 import REALITY_ANALYSIS_V2
from shared.core.evidence import Evidence
from shared.core.job_event import JobEvent

# The endpoints are those of Reality Analysis.  That the version, words, bodies and intervals are too is unconfirmed.
REALITY_CONVERSION_V2 = replace(
    REALITY_ANALYSIS_V2,
    name="reality-conversion-v2",
    path="/reality-conversion/jobs/{jobId}/progress",
    event=JobEvent(types=("realityConversion.jobCompleted.v2",), ids_at={"jobId": "content.jobId"}),
    evidence=Evidence(
        path="/reality-conversion/jobs/{jobId}/messages",
        at=("messages.errors", "messages.warnings"),
        says=("code", "title", "message"),
        params_at="params",
    ),
)
