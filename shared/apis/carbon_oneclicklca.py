"""Carbon Calculation, One Click LCA jobs.

https://developer.bentley.com/apis/carbon-calculation/operations/get-oneclicklca-job-status
"""

from dataclasses import replace

from shared.apis.carbon_ec3 import CARBON_EC3

# The page documents the same words and members; a job without a message has "" where EC3 has null.
CARBON_ONECLICKLCA = replace(
    CARBON_EC3,
    name="carbon-oneclicklca",
    path="/insights/carbon-calculation/oneclicklca/jobs/{jobId}",
)
