"""An event of the platform: foreign input, from which only its type and the ids of a job are read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.apis import APIS
from shared.core.remote import RemoteApi, watch_id
from shared.core.untrusted import at, parse, tidy
from shared.web.job_url import check_job
from shared.web.problems import Problem

#: Bytes.  An event has some hundred.
LARGEST_EVENT = 64 * 1024

LONGEST_TYPE = 100

#: Hex digits of the hash of an event: 128 bits.
HASH_DIGITS = 32


class EventBody(BaseModel):
    """What `POST /api/events` describes.  The app reads less of it, and leniently: see `read_event`."""

    model_config = ConfigDict(extra="allow")

    event_type: str = Field(alias="eventType", description="such as realityAnalysis.jobCompleted.v1")
    content: dict[str, Any] = Field(description="has the ids of a job, by names that depend on the type")
    message_id: str = Field(alias="messageId", description="the same when the platform sends the event again")
    itwin_id: str = Field(alias="iTwinId")
    webhook_id: str = Field(alias="webhookId")
    enqueued_date_time: str = Field(alias="enqueuedDateTime", description="US style, of no zone; not read")


@dataclass(frozen=True, slots=True)
class Event:
    """What the app reads of an event."""

    kind: str  #: its `eventType`, shortened; "" if it has none
    hash: str  #: the same when it is sent again
    watches: Mapping[str, str] = field(default_factory=dict)  #: API -> id of the watch of the job it is about


def read_event(body: bytes) -> Event:
    """Read an event.  Several APIs share a type: each job that it may be about is named.  Never raises."""
    document = parse(body)
    kind = at("eventType", document)
    jobs = {api.name: _watch(api, document) for api in APIS.values()}
    return Event(
        kind=tidy(kind, LONGEST_TYPE) if isinstance(kind, str) else "",
        hash=_hash(at("messageId", document), body),
        watches={name: watch for name, watch in jobs.items() if watch},
    )


def _watch(api: RemoteApi, document: Any) -> str:
    """Return the id of the watch of the job of this API; "" if the event is about none."""
    job = api.event and api.event.job(document)
    try:
        return watch_id(api, check_job(api, job)) if job else ""
    except Problem:  # ids that identify no job
        return ""


def _hash(message_id: Any, body: bytes) -> str:
    """Name an event by its message id, or else by all of it; hashed, since rows hold no text of senders."""
    has_id = isinstance(message_id, str) and message_id.strip()
    named = message_id.encode("utf-8", "surrogatepass") if has_id else body
    return hashlib.sha256(named).hexdigest()[:HASH_DIGITS]
