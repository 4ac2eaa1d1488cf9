"""One request to the platform, parsed for its handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from local.simulator.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    request: web.Request
    world: World
    now: datetime
    path: str  #: as sent, still percent-encoded
    query: str
    ids: Mapping[str, str] = field(default_factory=dict)  #: the values of the route's `{names}`

    @property
    def origin(self) -> str:
        """The address that the client uses, for links."""
        return f"{self.request.scheme}://{self.request.host}"

    @property
    def url(self) -> str:
        """The URL of the request, without its query."""
        return f"{self.origin}{self.path}"


Answer = Callable[[Call], Awaitable[web.Response]]
