"""Every operation of the HTTP API, as data.  The functions serve them; the OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from shared.version import VERSION
from shared.web import examples
from shared.web.event import EventBody
from shared.web.gate_document import GatesDocument
from shared.web.problems import Name
from shared.web.queries import HealthQuery, ListQuery, NoQuery, Query, ReadQuery
from shared.web.receiver import EventDocument
from shared.web.requests import (
    BatchDocument,
    BatchRequest,
    HealthDocument,
    ListDocument,
    StartRequest,
    WatchDocument,
)

#: Problems that every operation with a key may return.
ALWAYS: Sequence[Name] = ("misconfigured", "unavailable")


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
    operation_id: str = ""  #: if the function serves another operation too; else its name
    method: str
    path: str  #: below /api
    summary: str
    replies: Mapping[int, Reply]
    problems: Sequence[Name] = ()
    query: type[Query] = NoQuery
    bodies: Sequence[type[BaseModel]] = ()
    headers: Mapping[str, Header] = field(default_factory=dict)
    examples: Mapping[str, Any] = field(default_factory=dict)  #: of the body
    takes_key: bool = True

    @property
    def methods(self) -> Sequence[str]:
        """The methods to register.  HEAD goes with GET (RFC 9110, section 9.1), because the host does not add it."""
        return ["GET", "HEAD"] if self.method == "GET" else [self.method]


RETRY_AFTER = Header("seconds to wait before polling again; absent once the watch has ended", {"type": "string"})
LOCATION = Header("URL of the watch", {"type": "string"})

LIST = Operation(
    name="list_watches",
    method="GET",
    path="watches",
    summary="List watches: open ones, then ended ones, each newest first; or find one by its job's URL or its id.",
    query=ListQuery,
    replies={
        200: Reply(
            "a page; it may be shorter than `limit` and still have a `next`",
            ListDocument,
            examples={"a page": examples.PAGE},
        )
    },
    problems=("invalid-query", "wrong-cursor", "wrong-url", "wrong-job", "unreadable-watch"),
)
START = Operation(
    name="start_watch",
    method="POST",
    path="watches",
    summary="Start a watch, or up to 100: of a URL, of ids, or of what the platform answered when the job was begun.",
    bodies=(StartRequest, BatchRequest),
    headers={
        "Idempotency-Key": Header(
            "the same key restarts a watch once",
            {"type": "string", "pattern": "^[!#-\\[\\]-~]{1,255}$"},
        ),
        "traceparent": Header("stored with the watch, so that its end appears in this trace; ignored if malformed"),
    },
    examples={
        "one": examples.ONE,
        "several": examples.SEVERAL,
        "what the platform answered": examples.LINKED,
        "what it answered in a header": examples.HEADER,
        "what it answered without a link": examples.UNLINKED,
    },
    replies={
        200: Reply(
            "the job already has this watch; or, for a batch, the result of each item, in order",
            (WatchDocument, BatchDocument),
            headers={"Location": LOCATION, "Retry-After": RETRY_AFTER},
            examples={"one": examples.OPEN, "several": examples.RESULTS},
        ),
        202: Reply(
            "the watch has started",
            WatchDocument,
            headers={"Location": LOCATION, "Retry-After": RETRY_AFTER},
            examples={"one": examples.OPEN},
        ),
    },
    problems=(
        "malformed-body",
        "body-too-large",
        "invalid-body",
        "unreadable-watch",
        "unknown-api",
        "wrong-job",
        "wrong-url",
        "wrong-response",
        "wrong-deadline",
        "wrong-callback",
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
            examples={"open": examples.OPEN, "ended": examples.ENDED},
        )
    },
    problems=("unknown-watch", "unreadable-watch", "invalid-query"),
)
STOP = Operation(
    name="stop_watch",
    method="DELETE",
    path="watches/{id}",
    summary="Stop a watch; a no-op if it has ended.",
    replies={200: Reply("the watch", WatchDocument, examples={"ended": examples.ENDED})},
    problems=("unknown-watch", "invalid-query"),
)
GATES = Operation(
    name="list_gates",
    method="GET",
    path="gates",
    summary="Show at what rate each API is asked now, and why.",
    replies={200: Reply("one item for each API", GatesDocument, examples={"gates": examples.GATES})},
    problems=("invalid-query",),
)
RECEIVE = Operation(
    name="receive_event",
    method="POST",
    path="events",
    summary="Take an event of an iTwin webhook: the watch of its job gets its turn now.",
    bodies=(EventBody,),
    headers={
        "Signature": Header("sha256=<hex>, the HMAC of the raw body with a secret of `WEBHOOK_SECRETS`"),
    },
    examples={"end": examples.EVENT},
    replies={
        200: Reply("the event is signed: do not send it again", EventDocument, examples={"woken": {"result": "woken"}})
    },
    problems=("wrong-signature", "body-too-large"),
)
HANDSHAKE = Operation(
    name="receive_event",
    operation_id="allow_events",
    method="OPTIONS",
    path="events",
    summary="Ask whether events may be sent, as CloudEvents has it.",
    headers={"WebHook-Request-Origin": Header("who asks")},
    replies={
        200: Reply(
            "allowed, if the headers say so",
            headers={
                "Allow": Header("the method to send events with"),
                "WebHook-Allowed-Origin": Header("who asked"),
                "WebHook-Allowed-Rate": Header("events per minute; `*`: any number"),
            },
        )
    },
)
HEALTH = Operation(
    name="health",
    method="GET",
    path="health",
    summary="Check that the settings are complete and storage responds; with `deep=1`, that a token is granted.",
    query=HealthQuery,
    replies={200: Reply("healthy", HealthDocument, examples={"ok": {"status": "ok", "version": VERSION}})},
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

OPERATIONS = (LIST, START, READ, STOP, GATES, RECEIVE, HANDSHAKE, HEALTH, DESCRIBE)
