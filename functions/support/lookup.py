"""Finds the watch of a request."""

from uuid import UUID

import azure.functions as func

from shared.core.model import Watch
from shared.web import problems


def watch_id(req: func.HttpRequest) -> str:
    """Read the id in the route; raises `Problem` unless it is a UUID, since not every text is a valid row key."""
    try:
        return str(UUID(req.route_params["id"]))
    except ValueError:
        raise problems.unknown_watch(req.route_params["id"]) from None


def found(watch: Watch | None, req: func.HttpRequest) -> Watch:
    """Return the watch; raises `Problem` if there is none."""
    if watch is None:
        raise problems.unknown_watch(req.route_params["id"])
    return watch
