"""The webhook event that tells of a job's end, as data.

https://developer.bentley.com/apis/webhooks-v2/available-events
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local.simulator.apis.view import Body, View


def job_alone(view: View) -> Body:
    """Return the content of most events: nothing tells how the job ended."""
    return {"jobId": view.ids["jobId"]}


@dataclass(frozen=True, slots=True)
class Event:
    """One type of event.  Unconfirmed: that it is sent for every end, not only for a success."""

    type: str  #: "api.action.version"
    content: Callable[[View], Body] = job_alone
