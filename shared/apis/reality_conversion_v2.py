"""Reality Conversion jobs, version 2: https://developer.bentley.com/apis/reality-conversion/operations/jobs-progress/."""

from dataclasses import replace

from shared.apis.reality_analysis_v2 import MESSAGES, REALITY_ANALYSIS_V2
from shared.core.job_event import JobEvent

# The page has the version and the words of Reality Analysis, version 2.  It shows no body, and neither an interval nor
# a retention: that these are as there too is unconfirmed.
REALITY_CONVERSION_V2 = replace(
    REALITY_ANALYSIS_V2,
    name="reality-conversion-v2",
    path="/reality-conversion/jobs/{jobId}/progress",
    # Named at https://developer.bentley.com/apis/reality-conversion/; its content is unconfirmed.
    event=JobEvent(types=("realityConversion.jobCompleted.v2",), ids_at={"jobId": "content.jobId"}),
    # The endpoint is in https://developer.bentley.com/apis/reality-conversion/operations/; its body is unconfirmed too.
    evidence=replace(MESSAGES, path="/reality-conversion/jobs/{jobId}/messages"),
    retention=None,
)
