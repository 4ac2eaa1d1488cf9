"""The routes: which handler serves which path."""

from __future__ import annotations

from dataclasses import dataclass

from local.simulator import details, ingestion, oauth
from local.simulator.apis import APIS, REALITY_ANALYSIS, REPORTING, Api
from local.simulator.call import Answer
from local.simulator.logs import logs
from local.simulator.paths import Segments, match
from local.simulator.status import status_of


@dataclass(frozen=True, slots=True)
class Route:
    """One path of the platform."""

    method: str
    path: str
    answer: Answer
    api: Api | None = None  #: its version, token and rate limit apply; None: belongs to the platform in general


ROUTES = (
    Route("GET", oauth.DISCOVERY_PATH, oauth.discovery),
    Route("POST", oauth.TOKEN_PATH, oauth.token),
    *(Route("POST", path, ingestion.track) for path in ingestion.PATHS),
    *(Route("GET", api.path, status_of(api), api) for api in APIS),
    Route("GET", details.PATH, details.details, REALITY_ANALYSIS),
    # Bentley's own client asks for `/logs/?$top=...`, its documentation for `/logs`.
    *(Route("GET", f"{REPORTING.path}/{end}", logs, REPORTING) for end in ("logs", "logs/")),
)


def find(path: Segments) -> tuple[Route | None, dict[str, str]]:
    """The route and the ids in its path."""
    for route in ROUTES:
        ids = match(route.path, path)
        if ids is not None:
            return route, ids
    return None, {}
