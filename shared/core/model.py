"""The words this package speaks.

A *watch* follows one remote job.  A *ticket* on the queue gives it one turn.  Each turn makes one *observation* and
takes one *decision*.  A finished watch has an *outcome*.  Values here are frozen and know nothing of clocks, sockets
or settings.

Durations are `timedelta` and instants are aware UTC `datetime`; seconds appear only where a service insists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Outcome(StrEnum):
    """How a watch ended."""

    SUCCEEDED = "succeeded"  #: the API says so, with no reservations
    PARTIAL = "partial"  #: ended with some of its work failed, or with issues to read
    FAILED = "failed"  #: the API says so
    CANCELLED = "cancelled"  #: the API says so
    EXPIRED = "expired"  #: our deadline passed while the job was still running
    LOST = "lost"  #: the API does not know the job, or no longer does
    REFUSED = "refused"  #: the API will not tell us
    STOPPED = "stopped"  #: a user stopped the watch
    ABANDONED = "abandoned"  #: we gave up after repeated errors of our own


class Failing(StrEnum):
    """Why a turn learned nothing of its job: what an operator looks at first."""

    TOKEN = "token"  # noqa: S105 -- no access token could be had
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    CLIENT_ERROR = "4xx"  #: any other
    SERVER_ERROR = "5xx"
    NETWORK = "network"  #: no answer, or none in time
    ANSWER = "answer"  #: one that could not be understood


@dataclass(frozen=True, slots=True)
class End:
    """That a watch has ended, how, and when; `Watch.reason` says why."""

    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One row of the watches table."""

    id: str
    api: str
    job: Mapping[str, str]  #: what fills the API's path, e.g. {"jobId": "..."}
    labels: tuple[str, ...] = ()
    started_at: datetime
    deadline: datetime
    due: datetime  #: when the ticket numbered `seq` should arrive
    not_before: datetime  #: the API asked not to be asked again until then; in the past when it did not
    scheduled_at: datetime | None = None  #: when a report was due, before faults or a rate limit delayed it
    seq: int = 0  #: fence: only the ticket with this number may take the next step
    stepped_by: str = ""  #: id of the queue message that took the last step, or hash of the event that did
    status: str = ""  #: the API's own word, as last reported; "" before the first report
    progress: float | None = None  #: per cent, as last reported
    reason: str = ""  #: why it stands as it does: the API's own detail, or the last fault
    validator: str = ""  #: ETag of the last report, for a conditional request
    waits: int = 0  #: reports since the percentage last changed, including that one
    polls: int = 0  #: answers and faults so far
    faults: int = 0  #: faults so far
    throttled: int = 0  #: of these, 429s and other answers that limit a rate or a quota
    faults_in_a_row: int = 0
    refusals_in_a_row: int = 0  #: faults in a row that are not expected to heal by waiting
    refused_since: datetime | None = None  #: the first of these
    failing: str = ""  #: why the last turn learned nothing, see `Failing`; "" when it did
    verdict: Outcome | None = None  #: how the job ended, while we ask why
    evidence_at: str = ""  #: path and query of the evidence's next page; "" for its first, where the API has it
    pages: int = 0  #: of the evidence, read so far
    evidence: tuple[str, ...] = ()  #: why the job did not end cleanly, in the API's words: the first few
    issues: int = 0  #: how many there were
    revivals: int = 0  #: how often it was revived since its last turn
    restarts: int = 0  #: how often it was restarted since its row was inserted
    woken_at: datetime | None = None  #: when an event of the platform last made it due
    woken_by: tuple[str, ...] = ()  #: those events, hashed: the last few, since each wakes once
    end: End | None = None
    begun_by: str = ""  #: the Idempotency-Key of the request that began it, hashed
    trace: str = ""  #: W3C traceparent of whoever began it
    callback: str = ""  #: URL that is notified when it ends
    published: bool = False  #: the end is in the results table and was announced, and its callback has a row
    etag: str = field(default="", compare=False)  #: what the table compares and swaps on
    unknown: Mapping[str, Any] = field(default_factory=dict, compare=False)  #: columns of another version, kept

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it is open."""
        return None if self.end is None else self.end.outcome

    @property
    def is_open(self) -> bool:
        """Whether it still takes turns."""
        return self.end is None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.published


class _TicketText(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    id: str = Field(min_length=1, max_length=64)
    seq: int = Field(ge=0)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A turn for one row: identity only, never state, because a delivery may be late or repeated."""

    id: str
    seq: int

    def to_json(self) -> str:
        """Text for the queue.

        >>> Ticket("0d6c", 7).to_json()
        '{"id":"0d6c","seq":7}'
        """
        return _TicketText(id=self.id, seq=self.seq).model_dump_json()

    @classmethod
    def from_json(cls, text: bytes | str) -> Ticket:
        """Read what `to_json` wrote; raises ValueError for anything else, without repeating what it was."""
        try:
            fields = _TicketText.model_validate_json(text)
        except ValidationError as error:
            raise ValueError("not a ticket") from error
        return cls(fields.id, fields.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The API answered: the job is running, or has ended with `outcome`."""

    outcome: Outcome | None = None
    status: str | None = None  #: the API's word; None when it says that nothing has changed, or nothing yet
    progress: float | None = None  #: None: not said
    reason: str = ""
    validator: str | None = None  #: None: as before
    retry_after: timedelta | None = None
    wants_evidence: bool = False  #: the job did not end cleanly, and another document says why
    evidence_at: str = ""  #: the link to that document, if there is one
    evidence: tuple[str, ...] = ()  #: why, where the status itself says so
    failing: Failing | None = None  #: the answer was not what the API's page says


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The API did not tell us about the job."""

    reason: str
    failing: Failing | None = None  #: why; None: only held back by a limit
    lasting: Outcome | None = None  #: how the watch ends if this goes on; None: expected to heal by waiting
    throttled: bool = False
    by_gate: bool = False  #: it has shut the gate of its API, which knows for how long
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePage:
    """The API said why the job did not end cleanly: one page of it."""

    entries: tuple[str, ...] = ()
    next_page: str = ""  #: path and query; "" after the last
    complete: bool = True  #: False: there is a next page, but its link leads to another origin
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class NotYet:
    """It was too early to ask, so nobody did."""

    until: datetime
    by_gate: bool = False  #: what holds it back concerns all watches, and may be lifted sooner


Observation = Report | EvidencePage | Fault | NotYet


@dataclass(frozen=True, slots=True)
class RequeueAfter:
    """The watch goes on, with its next turn after `delay`."""

    delay: timedelta


@dataclass(frozen=True, slots=True)
class GatherEvidence:
    """The job has ended and the watch has not: the next turn asks why, at once."""

    verdict: Outcome
    reason: str
    evidence_at: str = ""  #: as in `Watch`


@dataclass(frozen=True, slots=True)
class Finish:
    """The watch has ended."""

    outcome: Outcome
    reason: str


Decision = RequeueAfter | GatherEvidence | Finish
