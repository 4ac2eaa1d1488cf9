"""Every operation of the HTTP API, as data.  The functions serve them; the OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from shared.core.model import Outcome, Watch
from shared.web.queries import ListQuery, NoQuery, Query, ReadQuery
from shared.web.requests import (
    BatchDocument,
    BatchRequest,
    HealthDocument,
    ListDocument,
    StartedDocument,
    StartRequest,
    WatchDocument,
)

#: Problems that every operation with a key may return.
ALWAYS = ("misconfigured", "unavailable")

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WATCH = Watch(
    id="5b0c9a0e-5f0e-5c50-9d5c-0d6c9f0e5a55",
    api="reality-analysis",
    job={"jobId": "cc3d35cc-416a-4262-9714-b359da70b419"},
    labels=("bridge", "nightly"),
    started_at=NOON,
    deadline=NOON + timedelta(days=2),
    due=NOON + timedelta(minutes=2),
    not_before=NOON,
    status="active",
    progress=56.0,
    reason="Prepare_Production",
    polls=4,
)
ENDED = Watch(
    id="0f8f3c1e-2a53-5f0a-9b7e-0d6c6f1f3a11",
    api="reporting",
    job={"jobId": "7f3c9a0e"},
    started_at=NOON,
    deadline=NOON + timedelta(days=7),
    due=NOON,
    not_before=NOON,
    status="Succeeded",
    polls=7,
    outcome=Outcome.SUCCEEDED,
    ended_at=NOON + timedelta(minutes=6),
    published=True,
)

ONE = {"api": "reality-analysis", "job": dict(WATCH.job), "deadline": "P2D", "labels": list(WATCH.labels)}
UNKNOWN_API = {"api": "no-such-api", "job": {"jobId": "1"}}


@dataclass(frozen=True, slots=True)
class Header:
    """A header of a request or a response."""

    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A response that is not a problem."""

    description: str
    model: type[BaseModel] | Sequence[type[BaseModel]] | None = None
    headers: Mapping[str, Header] = field(default_factory=dict)
    examples: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    name: str  #: of the function that serves it
    method: str
    path: str  #: below /api
    summary: str
    replies: Mapping[int, Reply]
    problems: Sequence[str] = ()
    query: type[Query] = NoQuery
    bodies: Sequence[type[BaseModel]] = ()
    headers: Mapping[str, Header] = field(default_factory=dict)
    examples: Mapping[str, Any] = field(default_factory=dict)  #: of the body
    takes_key: bool = True

    @property
    def methods(self) -> Sequence[str]:
        """The methods to register.  HEAD goes with GET (RFC 9110, section 9.1), because the host does not add it."""
        return ["GET", "HEAD"] if self.method == "GET" else [self.method]


def _shown(document: BaseModel) -> Any:
    return document.model_dump(mode="json", by_alias=True, exclude_unset=isinstance(document, BatchDocument))


RETRY_AFTER = Header("seconds to wait before polling again; absent once the watch has ended", {"type": "string"})
LOCATION = Header("URL of the watch", {"type": "string"})

LIST = Operation(
    name="list_watches",
    method="GET",
    path="watches",
    summary="List watches: open ones, then ended ones, each newest first.",
    query=ListQuery,
    replies={
        200: Reply(
            "a page; it may be shorter than `limit` and still have a `next`",
            ListDocument,
            examples={
                "a page": _shown(ListDocument(watches=[WatchDocument.of(WATCH), WatchDocument.of(ENDED)], next=None))
            },
        )
    },
    problems=("invalid-query", "wrong-cursor"),
)
START = Operation(
    name="start_watch",
    method="POST",
    path="watches",
    summary="Start a watch, or up to 100.",
    bodies=(StartRequest, BatchRequest),
    headers={
        "Idempotency-Key": Header(
            "the same key restarts a watch once",
            {"type": "string", "pattern": "^[!#-\\[\\]-~]{1,255}$"},
        ),
        "traceparent": Header("stored with the watch, so that its end appears in this trace; ignored if malformed"),
    },
    examples={"one": ONE, "several": {"watches": [ONE, UNKNOWN_API]}},
    replies={
        200: Reply(
            "the job already has this watch; or, for a batch, the result of each item, in order",
            (WatchDocument, BatchDocument),
            headers={"Location": LOCATION, "Retry-After": RETRY_AFTER},
            examples={
                "one": _shown(WatchDocument.of(WATCH)),
                "several": _shown(
                    BatchDocument(
                        results=[
                            StartedDocument(status=202, watch=WatchDocument.of(WATCH)),
                            StartedDocument(
                                status=422,
                                problem={
                                    "type": "urn:problem-type:itwin-job-watch:unknown-api",
                                    "title": "Unknown API",
                                    "status": 422,
                                    "detail": "no-such-api is not a known API.",
                                },
                            ),
                        ]
                    )
                ),
            },
        ),
        202: Reply(
            "the watch has started",
            WatchDocument,
            headers={"Location": LOCATION, "Retry-After": RETRY_AFTER},
            examples={"one": _shown(WatchDocument.of(WATCH))},
        ),
    },
    problems=(
        "malformed-body",
        "body-too-large",
        "invalid-body",
        "unknown-api",
        "wrong-job",
        "wrong-url",
        "wrong-deadline",
        "wrong-callback",
        "callback-pending",
        "wrong-idempotency-key",
        "invalid-query",
    ),
)
READ = Operation(
    name="read_watch",
    method="GET",
    path="watches/{id}",
    summary="Show a watch, or long-poll until it ends.",
    query=ReadQuery,
    replies={
        200: Reply(
            "the watch",
            WatchDocument,
            headers={"Retry-After": RETRY_AFTER},
            examples={"open": _shown(WatchDocument.of(WATCH)), "ended": _shown(WatchDocument.of(ENDED))},
        )
    },
    problems=("unknown-watch", "invalid-query"),
)
STOP = Operation(
    name="stop_watch",
    method="DELETE",
    path="watches/{id}",
    summary="Stop a watch; a no-op if it has ended.",
    replies={200: Reply("the watch", WatchDocument, examples={"ended": _shown(WatchDocument.of(ENDED))})},
    problems=("unknown-watch", "invalid-query"),
)
HEALTH = Operation(
    name="health",
    method="GET",
    path="health",
    summary="Check that the settings are complete and storage responds.",
    replies={200: Reply("healthy", HealthDocument, examples={"ok": {"status": "ok"}})},
    problems=("invalid-query",),
)
DESCRIBE = Operation(
    name="describe",
    method="GET",
    path="openapi.json",
    summary="This document.",
    replies={200: Reply("an OpenAPI 3.1 document")},
    takes_key=False,
)

OPERATIONS = (LIST, START, READ, STOP, HEALTH, DESCRIBE)
