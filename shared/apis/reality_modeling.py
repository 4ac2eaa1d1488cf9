"""Reality Modeling jobs, version 2: https://developer.bentley.com/apis/reality-modeling/operations/."""

from dataclasses import replace

from shared.apis.reality_analysis_v2 import MESSAGES, REALITY_ANALYSIS_V2
from shared.core.job_event import JobEvent

# Bentley's client reads both APIs with the same code: https://github.com/iTwin/reality-capture.  That the intervals are
# those of Reality Analysis too is unconfirmed, and so is a retention.
REALITY_MODELING = replace(
    REALITY_ANALYSIS_V2,
    name="reality-modeling",
    path="/reality-modeling/jobs/{jobId}/progress",
    event=JobEvent(types=("realityModeling.jobCompleted.v2",), ids_at={"jobId": "content.jobId"}),
    evidence=replace(MESSAGES, path="/reality-modeling/jobs/{jobId}/messages"),
    retention=None,
)
