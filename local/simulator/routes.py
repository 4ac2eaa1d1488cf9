"""The routes: which handler serves which path."""

from __future__ import annotations

from dataclasses import dataclass

from local.simulator import ingestion, oauth, starting
from local.simulator.apis import APIS, Api
from local.simulator.call import Answer
from local.simulator.paths import Segments, fill, match, split
from local.simulator.status import answer_of
from local.simulator.webhooks import management


@dataclass(frozen=True, slots=True)
class Route:
    """One path of the platform."""

    method: str
    path: str
    answer: Answer
    api: Api | management.Service | None = (
        None  #: its version, token and rate limit apply; None: belongs to the platform in general
    )

    def match(self, path: Segments) -> dict[str, str] | None:
        """Return the ids in a path of this route; None for any other path."""
        return self.api.match(path) if self.api and self.path == self.api.path else match(self.path, path)


ROUTES = (
    Route("GET", oauth.DISCOVERY_PATH, oauth.discovery),
    Route("POST", oauth.TOKEN_PATH, oauth.token),
    *(Route("POST", path, ingestion.track) for path in ingestion.PATHS),
    *(Route("GET", api.path, answer_of(api), api) for api in APIS),
    *(Route("GET", document.path, answer_of(api, document), api) for api in APIS for document in api.documents),
    *(
        Route(start.method, start.path + end, starting.begin(api, start), api)
        for api in APIS
        for start in api.starts
        for end in ("", "/")
    ),
    *(Route(way.method, way.path, starting.release(api, way), api) for api in APIS for way in api.releases),
    *(Route(method, service.path, answer, service) for method, service, answer in management.CALLS),
)


Shape = tuple[int, str]


def _shape(path: Segments) -> Shape:
    return len(path), path[0].lower()


def _by_shape() -> dict[Shape, list[Route]]:
    shapes: dict[Shape, list[Route]] = {}
    for route in ROUTES:
        shapes.setdefault(_shape(split(route.path)), []).append(route)
    return shapes


BY_SHAPE = _by_shape()  #: so that a request is compared with few of them: every path begins with a literal


def find(method: str, path: Segments) -> tuple[Route | None, dict[str, str]]:
    """The route and the ids in its path; that of another method if none has this one."""
    found: tuple[Route | None, dict[str, str]] = (None, {})
    for route in BY_SHAPE.get(_shape(path), ()):
        ids = route.match(path)
        if ids is not None and route.method == method:
            return route, ids
        if ids is not None and found[0] is None:
            found = route, ids
    return found


def same(path: Segments) -> Segments:
    """Return the same for all paths that are one to the platform, whatever the letter case of their literals."""
    route, ids = find("GET", path)
    return fill(route.path, ids) if route else path
