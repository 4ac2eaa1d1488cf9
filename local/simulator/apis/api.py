"""What differs from API to API, independent of the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from local.simulator.apis.event import Event
from local.simulator.apis.start import Release, Start
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import Problem
from local.simulator.paths import Segments, match


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
    starts: tuple[Start, ...] = ()  #: the ways to begin a job over HTTP
    releases: tuple[Release, ...] = ()  #: the ways to let a job go on that waits for its user
    event: Event | None = None  #: that webhooks are sent when a job ends

    def match(self, path: Segments) -> dict[str, str] | None:
        """Return the ids in the path of a job's status; None for any other path."""
        ids = match(self.path, path)
        return None if ids is None or self.job_id(ids) in self.not_jobs else ids

    def job_id(self, ids: Mapping[str, str]) -> str:
        """Return the id of the job among the ids of a path."""
        return ids[self.job] if self.job else [*ids.values()][-1]
