"""A watch, as Python programs see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

from itwin_job_watch.shapes import strange


class State(StrEnum):
    """Whether the app still watches the job."""

    WATCHING = "watching"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a watch ended.  docs/outcomes.md says what each means."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    LOST = "lost"
    REFUSED = "refused"
    STOPPED = "stopped"
    ABANDONED = "abandoned"
    OTHER = "other"  #: a word of an app that is newer than this package: see `Watch.document`

    @classmethod
    def _missing_(cls, value: object) -> Outcome | None:
        return cls.OTHER if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Callback:
    """Whom the app tells of the end, and how far that is."""

    url: str
    state: Literal["waiting", "delivered", "failed"]
    tries: int
    error: str | None  #: why the last attempt failed


@dataclass(frozen=True, slots=True)
class Watch:
    """One watch as it stood when the app was asked.  Instants are in UTC."""

    id: str
    api: str  #: name of the API that the job belongs to
    job: Mapping[str, str] = field(hash=False)  #: ids of the job, by their names
    url: str | None  #: status URL of the job; None from an older app
    state: State
    outcome: Outcome | None  #: None until it has ended
    status: str | None  #: the API's own status word, as last reported
    progress: float | None  #: per cent, if the API reports it
    reason: str | None  #: the API's own detail, or the last fault
    failing: str | None  #: why the last turn learned nothing
    polls: int
    faults: int
    started_at: datetime
    deadline: datetime
    due_at: datetime | None  #: of the next turn; None once it has ended
    ended_at: datetime | None
    woken_at: datetime | None  #: when an event of the platform last woke it
    labels: tuple[str, ...]
    issues: int  #: number of entries of evidence for an end that was not clean
    evidence: tuple[str, ...]  #: the first entries, in the API's own words
    callback: Callback | None
    document: Mapping[str, Any] = field(repr=False, compare=False)  #: the app's own JSON, with all that is newer

    @property
    def has_ended(self) -> bool:
        """Whether the app has stopped watching."""
        return self.state is State.ENDED

    @property
    def has_succeeded(self) -> bool:
        """Whether the job ended well, without issues."""
        return self.outcome is Outcome.SUCCEEDED

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Watch:
        """Read what `shapes.watch` has checked; raises `UnexpectedAnswerError`."""
        try:
            return cls(
                id=document["id"],
                api=document["api"],
                job={name: str(value) for name, value in document["job"].items()},
                url=document.get("url"),
                state=State.ENDED if document["state"] == State.ENDED else State.WATCHING,
                outcome=Outcome(document["outcome"]) if document.get("outcome") else None,
                status=document.get("status"),
                progress=document.get("progress"),
                reason=document.get("reason"),
                failing=document.get("failing"),
                polls=int(document.get("polls") or 0),
                faults=int(document.get("faults") or 0),
                started_at=_instant(document["startedAt"]),
                deadline=_instant(document["deadline"]),
                due_at=_maybe(document.get("dueAt")),
                ended_at=_maybe(document.get("endedAt")),
                woken_at=_maybe(document.get("wokenAt")),
                labels=tuple(document.get("labels") or ()),
                issues=int(document.get("issues") or 0),
                evidence=tuple(document.get("evidence") or ()),
                callback=_callback(document.get("callback")),
                document=document,
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise strange("the answer is no watch") from None


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.utcoffset() is None:
        raise ValueError("no time zone: it would be read as that of this machine")
    return instant.astimezone(UTC)


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else _instant(text)


def _callback(document: Mapping[str, Any] | None) -> Callback | None:
    if not document:
        return None
    return Callback(document["url"], document["state"], int(document["tries"]), document.get("error"))
