"""The events that the app knows, as https://developer.bentley.com/apis/webhooks-v2/available-events names them.

`realityAnalysis.jobCompleted.v2`, which the app would know too, is not among them: no page names it, and the platform
might refuse a webhook for an event that does not exist.
"""

EVENTS = (
    "realityAnalysis.jobCompleted.v1",
    "realityModeling.jobCompleted.v1",
    "realityModeling.jobCompleted.v2",
    "realityConversion.jobCompleted.v1",
    "realityConversion.jobCompleted.v2",
    "synchronization.jobCompleted.v1",
    "changedElements.jobCompleted.v1",
    "transformations.jobCompleted.v1",
)
