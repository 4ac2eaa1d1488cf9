"""The documents of the HTTP API: the body that starts a watch, and the representation of a watch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict

from shared.apis import APIS
from shared.core.callback import Callback
from shared.core.model import Outcome, Watch
from shared.core.nearest import nearest
from shared.core.remote import RemoteApi
from shared.core.untrusted import DEEPEST, is_shallow, parse, tidy
from shared.web import problems
from shared.web.handed_over import job_in
from shared.web.job_url import check_job, locate, url_of
from shared.web.problems import Problem

#: A start needs some hundred bytes for ids, a deadline and ten labels, and some thousand for an answer of the platform.
LARGEST_BODY = 64 * 1024

#: The largest batch, in watches and in bytes.
LARGEST_BATCH = 100
LARGEST_BATCH_BODY = 240 * 1024  # below the host's own limit (infra/main.bicep), so that the app responds

#: No watched job takes longer, and tables cannot store instants much further away.
LONGEST_WATCH = timedelta(days=366)

LONGEST_LABEL = 64

#: Errors reported per body.
MOST_ERRORS = 10

EXAMPLES = (
    'Send {"url": "<the job\'s status URL>"} or {"api": "<name>", "job": {"<field>": "<id>"}} '
    'or {"response": <what the platform answered when the job was begun>}, '
    'and optionally "deadline", "labels", "callback" and "restart"; or {"watches": [...]} with up to 100 of these.'
)


def _deadline(text: Any) -> datetime | timedelta:
    wanted = "must be an instant such as 2026-12-01T12:00:00Z or a duration such as PT2H or P3D"
    if not isinstance(text, str) or not re.match(r"P|\d{4}-\d\d-\d\dT", text):
        raise ValueError(wanted)
    try:
        if text.startswith("P"):
            return TypeAdapter(timedelta).validate_python(text)
        return TypeAdapter(AwareDatetime).validate_python(text)
    except ValidationError:
        raise ValueError(wanted) from None


def _label(text: str) -> str:
    if not 1 <= len(text) <= LONGEST_LABEL or not text.isprintable():
        raise ValueError(f"must have 1 to {LONGEST_LABEL} printable characters")
    return text


Label = Annotated[str, AfterValidator(_label), Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST_LABEL})]


def _response(document: Any) -> Any:
    """Check by hand what pydantic would check too, but quote: names of members may be secrets."""
    if document is not None and not isinstance(document, dict):
        raise ValueError("must be the JSON object that the platform answered, not a text")
    if not is_shallow(document):
        raise ValueError(f"must have at most {DEEPEST} levels")
    return document


#: Only for the OpenAPI document: `target` reports errors in words.
NULL: JsonDict = {"type": "null"}
TEXT: JsonDict = {"type": "string"}
OBJECT: JsonDict = {"type": "object"}
API_NAME: JsonDict = {"type": "string", "enum": [*APIS]}


def _with(*, without: Sequence[str], **members: JsonDict) -> JsonDict:
    """Describe bodies that have some members, and in which others are absent or null."""
    return {"required": [*members], "properties": {**members, **dict.fromkeys(without, NULL)}}


class CallbackRequest(BaseModel):
    """Where to send the callback when the watch ends."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str = Field(max_length=1024, description="https, on a host of CALLBACK_HOSTS, without a query")


class StartRequest(BaseModel):
    """The body of `POST /api/watches`."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "oneOf": [
                _with(url=TEXT, without=["api", "job", "response", "location"]),
                _with(api=TEXT, job=OBJECT, without=["url", "response", "location"]),
                _with(response=OBJECT, without=["url", "job"]),
                _with(location=TEXT, without=["url", "job", "response"]),
            ]
        },
    )

    url: str | None = Field(None, max_length=4096)
    api: str | None = Field(None, json_schema_extra={"anyOf": [API_NAME, NULL]})
    job: dict[str, str] | None = None
    response: Annotated[Any, AfterValidator(_response)] = Field(
        None,
        repr=False,
        description="what the platform answered when the job was begun; "
        "a link in it names the job, or with `api` its ids do",
        json_schema_extra={"anyOf": [OBJECT, NULL]},
    )
    location: str | None = Field(
        None,
        repr=False,
        max_length=4096,
        description="the header `Location` or `Create-iModel-Operation` of that answer",
    )
    deadline: Annotated[datetime | timedelta, BeforeValidator(_deadline)] | None = None
    labels: list[Label] = Field(default_factory=list, max_length=10)
    callback: CallbackRequest | None = None
    restart: bool = Field(default=False, description="start again if the watch has ended")

    @classmethod
    def read(cls, body: bytes) -> StartRequest:
        """Read a body; raises `Problem`."""
        if len(body) > LARGEST_BODY:
            raise problems.too_large(LARGEST_BODY)
        if not body:
            raise Problem("malformed-body", f"{EXAMPLES} The body was empty; it needs a Content-Length header.")
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise _problem(error) from None

    def target(self, origin: str) -> tuple[RemoteApi, Mapping[str, str]]:
        """Return the API and the job's ids; raises `Problem`.  `origin` is the platform's."""
        handed_over = self.response is not None or self.location is not None
        if self.url is not None and self.api is None and self.job is None and not handed_over:
            return locate(self.url, origin)
        if self.url is None and self.job is None and handed_over:
            return job_in(self.response, self.location, origin, None if self.api is None else _known_api(self.api))
        if self.url is None and self.api is not None and not handed_over:
            api = _known_api(self.api)
            return api, check_job(api, self.job or {})
        raise Problem(
            "invalid-body",
            f'{EXAMPLES} Send either "url", or "api" and "job", or "response" or "location" or both, with "api" if'
            ' their links do not name the job. "job" does not complete a response: it has all the ids, or is not sent.',
        )

    def deadline_from(self, now: datetime, lifetime: timedelta) -> datetime:
        """Return the deadline in UTC, which is `lifetime` from now if none was given; raises `Problem`."""
        if self.deadline is None:
            return now + lifetime
        span = self.deadline if isinstance(self.deadline, timedelta) else self.deadline - now
        if not timedelta(0) < span <= LONGEST_WATCH:
            raise Problem(
                "wrong-deadline",
                f"Send a deadline between now ({now:%Y-%m-%dT%H:%M:%SZ}) and {LONGEST_WATCH.days} days from now.",
            )
        return now + span


def _known_api(name: str) -> RemoteApi:
    """Return an API by its name; raises `Problem`."""
    api = APIS.get(name)
    if api is None:
        near = nearest(tidy(name, 64), APIS)
        raise Problem(
            "unknown-api",
            f"{tidy(name, 64)} is not a known API. Most like it: {near}. /api/openapi.json lists all.",
        )
    return api


class BatchRequest(BaseModel):
    """The body of `POST /api/watches` that starts a batch."""

    model_config = ConfigDict(extra="forbid", strict=True)

    #: Read one by one, so that an invalid item does not fail the others.
    watches: list[Any] = Field(
        min_length=1, max_length=LARGEST_BATCH, description="each item as in the body for one watch"
    )

    def each(self) -> list[StartRequest | Problem]:
        """Return the request in each item, or its problem."""
        return [_read_item(item) for item in self.watches]


def read_start(body: bytes) -> StartRequest | BatchRequest:
    """Read a body of `POST /api/watches`; raises `Problem`."""
    if len(body) > LARGEST_BATCH_BODY:
        raise problems.too_large(LARGEST_BATCH_BODY)
    document = parse(body)  # leniently: an item that holds no Unicode spoils no other
    if not (isinstance(document, dict) and "watches" in document):
        return StartRequest.read(body)  # which says what is wrong
    try:
        return BatchRequest.model_validate(document)
    except ValidationError as error:
        raise _problem(error) from None


class CallbackDocument(BaseModel):
    """The callback of a watch, and its state."""

    url: str
    state: Literal["waiting", "delivered", "failed"]
    tries: int
    error: str | None = Field(description="why the last attempt failed")

    @classmethod
    def of(cls, watch: Watch, callback: Callback | None) -> CallbackDocument | None:
        """Show the callback of a watch, if it has one; its row is there once the watch has ended."""
        if not watch.callback:
            return None
        if callback is None:
            return cls(url=watch.callback, state="waiting", tries=0, error=None)
        return cls(
            url=callback.url, state=callback.result or "waiting", tries=callback.tries, error=callback.error or None
        )


class WatchDocument(BaseModel):
    """A watch, as `GET /api/watches/{id}` shows it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    id: str
    api: str
    job: dict[str, str]
    url: str | None = Field(description="the job's status URL; null if the row of the watch names no job")
    state: Literal["watching", "ended"]
    status: str | None = Field(description="the API's own status word, as last reported")
    progress: float | None = Field(description="percentage, if the API reports it")
    outcome: Outcome | None
    reason: str | None = Field(description="the API's own detail, or the last fault")
    failing: str | None = Field(
        description="why the last turn learned nothing: `token`, `401`, `403`, `4xx`, `5xx`, `network` or `answer`;"
        " null when it did, and once the watch has ended"
    )
    polls: int
    faults: int
    started_at: datetime
    due_at: datetime | None = Field(description="when the next turn is due")
    deadline: datetime
    ended_at: datetime | None
    woken_at: datetime | None = Field(description="when an event of the platform last made it due at once")
    labels: list[str]
    issues: int = Field(description="number of entries of evidence for an end that was not clean")
    evidence: list[str] = Field(description="the first entries, in the API's own words")
    callback: CallbackDocument | None

    @classmethod
    def of(cls, watch: Watch, origin: str, callback: Callback | None = None) -> WatchDocument:
        """Show a watch, and the row of its callback if there is one.  `origin` is the platform's."""
        return cls(
            id=watch.id,
            api=watch.api,
            job=dict(watch.job),
            url=url_of(watch, origin),
            state="watching" if watch.is_open else "ended",
            status=watch.status or None,
            progress=watch.progress,
            outcome=watch.outcome,
            reason=watch.reason or None,
            failing=(watch.is_open and watch.failing) or None,
            polls=watch.polls,
            faults=watch.faults,
            started_at=watch.started_at,
            due_at=watch.due if watch.is_open else None,
            deadline=watch.deadline,
            ended_at=watch.end.at if watch.end else None,
            woken_at=watch.woken_at,
            labels=list(watch.labels),
            issues=watch.issues,
            evidence=list(watch.evidence),
            callback=CallbackDocument.of(watch, callback),
        )


class HealthDocument(BaseModel):
    """The app is healthy."""

    status: Literal["ok"]
    version: str = Field(description="of the app")


class ListDocument(BaseModel):
    """A page of watches, as `GET /api/watches` shows it."""

    watches: list[WatchDocument]
    next: str | None = Field(description="the `cursor` of the next page; null on the last page")


class StartedDocument(BaseModel):
    """The result of one item of a batch: a watch, or a problem."""

    status: int = Field(description="202: started; 200: the job already has this watch; else the status of the problem")
    watch: WatchDocument | None = None
    problem: dict[str, Any] | None = None


class BatchDocument(BaseModel):
    """The results of a batch, in order."""

    results: list[StartedDocument]


def _read_item(item: Any) -> StartRequest | Problem:
    try:
        return StartRequest.model_validate(item)
    except ValidationError as error:
        return _problem(error)


def _problem(error: ValidationError) -> Problem:
    """Describe what is wrong with a body, and what to send instead."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        return Problem("malformed-body", f"{EXAMPLES} The body is not JSON: {found[0]['msg']}.")
    errors = [
        {"pointer": _pointer(e["loc"]), "detail": e["msg"].removeprefix("Value error, ")} for e in found[:MOST_ERRORS]
    ]
    wrong = "; ".join(f"{e['pointer'] or 'the body'}: {e['detail']}" for e in errors)
    return Problem("invalid-body", f"{EXAMPLES} Errors: {wrong}.", errors=errors)


def _pointer(location: tuple[int | str, ...]) -> str:
    """Return a location in the body as a JSON pointer (RFC 6901).

    >>> _pointer(("labels", 3))
    '/labels/3'
    """
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)
