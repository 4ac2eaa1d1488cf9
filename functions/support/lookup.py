"""Which watch a request is about."""

from uuid import UUID

import azure.functions as func

from shared.core.model import Watch
from shared.web import problems


def watch_id(req: func.HttpRequest) -> str:
    """Read the id in the route; raises `Problem` when it cannot be one, since not every text can be a key."""
    try:
        return str(UUID(req.route_params["id"]))
    except ValueError:
        raise problems.unknown_watch(req.route_params["id"]) from None


def found(watch: Watch | None, req: func.HttpRequest) -> Watch:
    """Return the watch; raises `Problem` when there is none."""
    if watch is None:
        raise problems.unknown_watch(req.route_params["id"])
    return watch
