"""The CloudEvent that a callback receives when a watch ends."""

from __future__ import annotations

import json
from typing import Any

from shared.core.callback import event_id
from shared.core.model import Watch
from shared.web.requests import WatchDocument

#: The type of the CloudEvents.  Stable: receivers branch on it.
EVENT_TYPE = "itwin-job-watch.watch.finished"

#: A row keeps the event, and has no room to say long ids a second time, encoded: `api` and `job` name the job.
UNTOLD = {"callback", "url"}


def event(watch: Watch, source: str) -> dict[str, Any]:
    """Return the CloudEvent of an end (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md)."""
    told = WatchDocument.of(watch, origin="").model_dump(mode="json", by_alias=True, exclude=UNTOLD)
    return {
        "specversion": "1.0",
        "id": event_id(watch),
        "source": source,
        "type": EVENT_TYPE,
        "subject": watch.id,
        "time": told["endedAt"],
        "datacontenttype": "application/json",
        **({"traceparent": watch.trace} if watch.trace else {}),
        "data": told,
    }


def to_json(watch: Watch, source: str) -> str:
    """Return the CloudEvent of an end, as the text that is signed and sent."""
    return json.dumps(event(watch, source), ensure_ascii=False)
