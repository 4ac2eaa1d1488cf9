"""What differs between remote APIs, as data; how to ask one, and how to read its answer.  No I/O here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, TypeVar
from uuid import UUID, uuid5

from shared.core import paths, untrusted
from shared.core.evidence import Evidence, entries
from shared.core.job_event import JobEvent
from shared.core.model import EvidencePage, Failing, Fault, Observation, Outcome, Report, Watch
from shared.core.schedule import Schedule, parse_retry_after
from shared.core.throttling import is_throttling, longest_wait
from shared.core.untrusted import follow, tidy

#: In a vocabulary: the job has not ended.
RUNNING = None


class Ended(Enum):
    """Of a word that says that the job has ended, and not how."""

    SEE_RESULT = auto()


#: In a vocabulary: the job has ended, and the word at `result_at` says how.
ENDED = Ended.SEE_RESULT

Meaning = TypeVar("Meaning")

#: What needs no evidence.
CLEAN = (RUNNING, Outcome.SUCCEEDED)

#: Answers of the platform that waiting will hardly change (RFC 9110, section 15.5), and what they mean if it does not.
#: 401 is absent, because tokens get renewed and secrets rotated.  Without the platform's error envelope an answer is
#: the word of something in between, a firewall or a gateway, which waiting heals.
LASTING = {
    400: Outcome.REFUSED,
    403: Outcome.REFUSED,
    404: Outcome.LOST,
    406: Outcome.REFUSED,
    410: Outcome.LOST,
    422: Outcome.REFUSED,
}

OK, SUCCESSFUL, NOT_MODIFIED = 200, range(200, 300), 304

CLIENT_ERRORS, SERVER_ERRORS = range(400, 500), range(500, 600)

#: What an operator wants to tell apart.
EXACTLY = {401: Failing.UNAUTHORIZED, 403: Failing.FORBIDDEN}

#: The headers that say how long to wait.  An older copy of the platform's page has the second one.
#: https://developer.bentley.com/apis/overview/rate-limits
WAITS = ("retry-after", "itwinplatform-ratelimit-retry-after-seconds")

#: Characters kept of a text from outside.
LONGEST_WORD, LONGEST_REASON, LONGEST_VALIDATOR = 100, 500, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteApi:
    """One remote API.  To add one, write a value of this type in `shared/apis/` and record its exchanges."""

    name: str
    path: str  #: with the job's `{fields}`, some of them in a query
    other_paths: tuple[str, ...] = ()  #: other URLs of its jobs; one with the same fields as `path` is not asked itself
    reserved: frozenset[str] = frozenset()  #: what stands where an id would, and is none
    headers: Mapping[str, str]
    guids: frozenset[str] = frozenset()  #: fields whose ids are GUIDs in the page's examples: letter case means nothing
    status_at: str  #: dotted path to the status word
    vocabulary: Mapping[str, Outcome | Ended | None]  #: their word -> ours; a word not listed counts as RUNNING
    result_at: str = ""  #: dotted path to a second word, which counts once the first one says ENDED
    results: Mapping[str, Outcome] = field(default_factory=dict)  #: its vocabulary
    issues_at: str = ""  #: dotted path; when true there, SUCCEEDED means PARTIAL
    progress_at: str = ""  #: dotted path to a number
    progress_of: str | float = 100  #: what that number is out of: a dotted path, or 1 for a fraction
    reasons_at: tuple[str, ...] = ()  #: dotted paths to a text or a list of errors; the first that says something
    evidence: Evidence | None = None  #: where it says why a job did not end cleanly
    ids_at: Mapping[str, str] = field(default_factory=dict)  #: field -> dotted path to it in the answer to a start
    event: JobEvent | None = None  #: the webhook event that tells of its end
    conditional: bool = False  #: send If-None-Match (RFC 9110, section 13.1.2)
    polling: Schedule = Schedule.seconds(10, 20, 40, 60, jitter=0.1)  #: starts over whenever the job moves
    after_event: Schedule | None = None  #: instead of a slower `polling`, once through, after an event; see `paced`
    faults: Schedule = Schedule.seconds(15, 30, 60, 120, 300, 900, jitter=0.3)
    patience: timedelta = timedelta(minutes=3)  #: how long refusals must last before they are believed
    lifetime: timedelta = timedelta(days=7)  #: how long a watch lasts when its caller sets no deadline
    retention: timedelta | None = None  #: how long the API keeps what it knows of a job, if its page says so

    @property
    def paths(self) -> tuple[str, ...]:
        """The templates of all URLs that name its jobs, first the one that is asked."""
        return (self.path, *self.other_paths)

    @property
    def fields(self) -> tuple[str, ...]:
        """The ids that name one job, in the order of the path."""
        return paths.fields(self.path)

    def path_of(self, job: Mapping[str, str]) -> str | None:
        """Return the template that is asked for a job, which depends on what its ids are; None if none fits."""
        return next((path for path in self.paths if job.keys() >= {*paths.fields(path)}), None)

    def knows(self, status: str) -> bool:
        """Whether a status word is in a vocabulary."""
        return any(word.casefold() == status.casefold() for word in (*self.vocabulary, *self.results))

    def paced(self, polling: Schedule | None, scale: float) -> RemoteApi:
        """Return the same API with another polling schedule, if one is given, and all its waits scaled.

        Its own schedule remains for the turns after an event.
        """
        return replace(
            self,
            polling=(polling or self.polling).scaled(scale),
            after_event=self.polling.scaled(scale) if polling else None,
            faults=self.faults.scaled(scale),
            patience=self.patience * scale,
        )


@dataclass(frozen=True, slots=True)
class Request:
    """One GET, relative to the platform's origin."""

    path: str  #: percent-encoded
    headers: Mapping[str, str]
    evidence: Evidence | None = None  #: what it asks for, if not for the job's status


@dataclass(frozen=True, slots=True)
class Response:
    """What came back."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  #: lower-case names
    body: bytes = b""
    url: str = ""  #: what was asked, against which links in the body are read
    unread: str = ""  #: why its body could not be read, such as "a body of over 1 MiB"; the status counts all the same


@dataclass(frozen=True, slots=True)
class NoResponse:
    """Nothing came back that could be read."""

    reason: str
    token: bool = False  #: no access token could be had, so nothing was asked


def ask(api: RemoteApi, watch: Watch) -> Request:
    """Say how to ask for the job's status; once that has ended, for the evidence."""
    if watch.verdict is not None and api.evidence is not None:
        where = watch.evidence_at or paths.fill(api.evidence.path, watch.job)
        return Request(where, api.headers, evidence=api.evidence)
    condition = {"If-None-Match": watch.validator} if api.conditional and watch.validator else {}
    return Request(paths.fill(api.path_of(watch.job) or api.path, watch.job), {**api.headers, **condition})


def told_wait(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Read how long an answer asks to wait; see `parse_retry_after`."""
    return parse_retry_after(",".join(headers.get(name, "") for name in WAITS), now)


def observe(api: RemoteApi, request: Request, answer: Response | NoResponse, now: datetime) -> Observation:
    """Translate one answer into our words.  Never raises: what cannot be read is a fault, whatever the reason."""
    if isinstance(answer, NoResponse):
        failing = Failing.TOKEN if answer.token else Failing.NETWORK
        return Fault(reason=tidy(answer.reason, LONGEST_REASON), failing=failing)
    try:
        return _read(api, request, answer, now)
    except Exception as error:  # noqa: BLE001 -- an exception would ask again at once, and keep neither deadline nor wait
        return Fault(reason=f"HTTP {answer.status}, not understood ({type(error).__name__})", failing=Failing.ANSWER)


def _read(api: RemoteApi, request: Request, answer: Response, now: datetime) -> Observation:
    wait = told_wait(answer.headers, now)
    if answer.status == NOT_MODIFIED and "If-None-Match" in request.headers:
        return Report(retry_after=wait)
    body = untrusted.parse(answer.body)
    if answer.status not in SUCCESSFUL:
        return _fault(answer.status, body, wait)
    if answer.unread:
        return Fault(reason=f"HTTP {answer.status} with {answer.unread}", failing=Failing.ANSWER, retry_after=wait)
    if request.evidence is not None:
        return _findings(request.evidence, body, answer, wait)
    return _said(api, body, answer, wait)


def _said(api: RemoteApi, body: Any, answer: Response, wait: timedelta | None) -> Report:
    """Read the status word, and the second word when the first leaves the verdict to it."""
    if answer.status != OK:  # 202: "processing has not completed"
        return _nothing_yet(api.status_at, answer, wait)
    at, word = api.status_at, _word(api.status_at, body)
    outcome = _meaning(api.vocabulary, word)
    if outcome is ENDED:
        at, word = api.result_at, _word(api.result_at, body)
        outcome = _meaning(api.results, word)
    if not word:
        return _nothing_yet(at, answer, wait)
    return replace(_report(api, word, outcome, body, answer), retry_after=wait)


def _meaning(vocabulary: Mapping[str, Meaning], word: str) -> Meaning | None:
    """Look a word up without regard to case; RUNNING for one that is not there."""
    return next((ours for theirs, ours in vocabulary.items() if theirs.casefold() == word.casefold()), RUNNING)


def _word(path: str, body: Any) -> str:
    word = untrusted.at(path, body)
    return word.strip() if isinstance(word, str) else ""


def _fault(status: int, body: Any, wait: timedelta | None) -> Fault:
    reason = tidy(f"HTTP {status} {_error(body)}", LONGEST_REASON)
    if is_throttling(status, wait, body):
        return Fault(reason=reason, throttled=True, retry_after=longest_wait(wait, body))
    lasting = LASTING.get(status) if _is_platforms(body) else None
    return Fault(reason=reason, failing=_failing(status), lasting=lasting, retry_after=wait)


def _failing(status: int) -> Failing:
    if status in EXACTLY:
        return EXACTLY[status]
    if status in SERVER_ERRORS:
        return Failing.SERVER_ERROR
    return Failing.CLIENT_ERROR if status in CLIENT_ERRORS else Failing.ANSWER


def _nothing_yet(at: str, answer: Response, wait: timedelta | None) -> Report:
    """Read an answer without a status word: the job goes on, and is asked about as often as its schedule says."""
    garbled = answer.status == OK and answer.body.strip()
    reason = f"HTTP {answer.status} without {at}"
    return Report(reason=reason, retry_after=wait, failing=Failing.ANSWER if garbled else None)


def _findings(evidence: Evidence, body: Any, answer: Response, wait: timedelta | None) -> EvidencePage | Fault:
    if not isinstance(body, dict):
        return Fault(reason=f"HTTP {answer.status} without a JSON object", failing=Failing.ANSWER, retry_after=wait)
    link = untrusted.at(evidence.next_at, body)
    next_page = follow(link, answer.url)
    return EvidencePage(
        entries=entries(evidence, body),
        next_page=next_page,
        complete=not link or bool(next_page),
        retry_after=wait,
    )


def _report(api: RemoteApi, word: str, outcome: Outcome | None, body: Any, answer: Response) -> Report:
    if outcome is Outcome.SUCCEEDED and untrusted.at(api.issues_at, body) is True:
        outcome = Outcome.PARTIAL
    reasons = (tidy(untrusted.text(untrusted.at(path, body)), LONGEST_REASON) for path in api.reasons_at)
    validator = answer.headers.get("etag", "")
    report = Report(
        outcome=outcome,
        status=tidy(word, LONGEST_WORD),
        progress=untrusted.percentage(untrusted.at(api.progress_at, body), _whole(api, body)),
        reason=next(filter(None, reasons), ""),
        validator=validator if _can_be_sent_back(validator) else "",
    )
    if api.evidence is None or outcome in CLEAN:
        return report
    return replace(
        report,
        wants_evidence=bool(api.evidence.path),
        evidence_at=follow(untrusted.at(api.evidence.link_at, body), answer.url),
        evidence=() if api.evidence.path else entries(api.evidence, body),
    )


def _whole(api: RemoteApi, body: Any) -> Any:
    return untrusted.at(api.progress_of, body) if isinstance(api.progress_of, str) else api.progress_of


def _can_be_sent_back(validator: str) -> bool:
    """Validators go back verbatim, so one that no header may carry is none."""
    return validator.isascii() and validator.isprintable() and len(validator) <= LONGEST_VALIDATOR


def _is_platforms(body: Any) -> bool:
    """Whether it is the platform's error envelope, `{"error": {"code", "message"}}`, rather than that of a gateway.

    https://developer.bentley.com/apis/overview/error-codes
    """
    members = (untrusted.at(path, body) for path in ("error.code", "error.message"))
    return all(isinstance(member, str) and member.strip() for member in members)


def _error(body: Any) -> str:
    """The error envelope in words, if there is one: "clients MUST NOT assume" so, say all pages of the platform."""
    return untrusted.text(untrusted.at("error", body)) or untrusted.text(untrusted.at("message", body))


#: Watch ids are made from the job, so that posting a job twice is one watch.
NAMESPACE = UUID("6d2f0c1e-6a53-4f0a-9b7e-0d6c6f1f3a11")


def watch_id(api: RemoteApi, job: Mapping[str, str]) -> str:
    """Name the watch of a job: the same for the same job, whatever the order of its ids."""
    return str(uuid5(NAMESPACE, json.dumps([api.name, sorted(job.items())])))
