"""A view of one job, from which bodies are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.simulator.clock import State

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """What a response may tell about a job."""

    ids: Mapping[str, str]  #: by their names in the API's path
    began: datetime
    states: tuple[State, ...]  #: reached so far, oldest first
    url: str  #: the URL of the document, without its query
    origin: str  #: of that URL, for links to others
    in_full: bool = False  #: `Prefer: return=representation`
    query: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)  #: by the request that began the job, if one did

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
