"""What differs from API to API, independent of the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.simulator.clock import Ending, State
from local.simulator.errors import Problem
from local.simulator.paths import Segments, match

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """A view of one job, from which a body is made."""

    ids: Mapping[str, str]  #: by their names in the API's path
    began: datetime
    states: tuple[State, ...]  #: reached so far, oldest first
    url: str  #: the URL of the request, without its query
    origin: str  #: of the request, for links
    in_full: bool = False  #: `Prefer: return=representation`
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """The current one."""
        return self.states[-1]

    @property
    def reached(self) -> datetime:
        """When the job reached its current status word."""
        return self.began + self.state.since

    @property
    def started(self) -> datetime | None:
        """When the job got beyond its first word."""
        return self.began + self.states[1].since if len(self.states) > 1 else None

    @property
    def ended(self) -> datetime | None:
        """When the job ended."""
        return self.reached if self.state.ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One thing that can be read about a job."""

    path: str
    missing: Problem
    body: Callable[[View], Body | Problem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One kind of job."""

    name: str
    path: str  #: of its status
    job: str = ""  #: the name of the job's id in the path; "": the last one
    queries: tuple[str, ...] = ()  #: names that a request's query must have
    not_jobs: tuple[str, ...] = ()  #: what the job's id cannot be, since another resource has that path
    version: int  #: as in `Accept: application/vnd.bentley.itwin-platform.v1+json`
    words: tuple[str, ...]  #: for a job under way, in order
    success: Ending
    endings: Mapping[str, Ending] = field(default_factory=dict)  #: other ends, by the word in a job id that brings them
    stalls: Mapping[str, str] = field(default_factory=dict)  #: words that a job may keep for ever, likewise
    missing: Problem
    throttled: Problem  #: the pages differ in its code
    body: Callable[[View], Body | Problem]
    tagged: bool = False  #: responses have an ETag, and If-None-Match is supported
    documents: tuple[Document, ...] = ()  #: what else can be read about a job

    def match(self, path: Segments) -> dict[str, str] | None:
        """Return the ids in the path of a job's status; None for any other path."""
        ids = match(self.path, path)
        return None if ids is None or self.job_id(ids) in self.not_jobs else ids

    def job_id(self, ids: Mapping[str, str]) -> str:
        """Return the id of the job among the ids of a path."""
        return ids[self.job] if self.job else [*ids.values()][-1]
