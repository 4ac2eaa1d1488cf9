"""What differs from API to API, independent of the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.simulator.clock import Ending, State
from local.simulator.errors import Problem


@dataclass(frozen=True, slots=True)
class View:
    """A view of one job, from which a body is made."""

    ids: Mapping[str, str]  #: by their names in the API's path
    began: datetime
    state: State
    url: str  #: the URL of the request, without its query
    in_full: bool  #: `Prefer: return=representation`

    @property
    def reached(self) -> datetime:
        """When the job reached its current status word."""
        return self.began + self.state.since


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One kind of job."""

    name: str
    path: str  #: its last id is the job's
    version: int  #: as in `Accept: application/vnd.bentley.itwin-platform.v1+json`
    words: tuple[str, ...]  #: for a job under way, in order
    success: Ending
    endings: Mapping[str, Ending] = field(default_factory=dict)  #: other ends, by the word in a job id that brings them
    missing: Problem
    throttled: Problem  #: the pages differ in its code
    body: Callable[[View], dict[str, Any]]
    tagged: bool = False  #: responses have an ETag, and If-None-Match is supported
