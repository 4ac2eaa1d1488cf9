"""Finds the watch that somebody names: by its id, by how its id begins, or by the status URL of its job."""

from __future__ import annotations

import re
from collections.abc import Sequence

from itwin_job_watch.client import Api
from itwin_job_watch.errors import NoSuchWatchError
from itwin_job_watch.shapes import WatchDocument

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_URL = re.compile(r"https?://", re.IGNORECASE)

#: How an id begins.  The app takes no less: of a million watches some fifteen begin with the same four digits.
FEWEST = 4
_DIGITS = re.compile(rf"[0-9a-f]{{{FEWEST}}}[0-9a-f-]*", re.IGNORECASE)

#: Candidates that are named.
MOST_NAMED = 5


def find(api: Api, name: str, give_up: float | None = None) -> WatchDocument | None:
    """Return the one watch with this name, or None if the name is an id; see `Connection.request` for `give_up`.

    Raises `NoSuchWatchError` if there is none, or several.
    """
    if _URL.match(name):
        found, none = api.find(give_up, url=name), f"No watch is of the job with this URL; `start {name}` begins one."
    elif _DIGITS.fullmatch(name) and not _ID.fullmatch(name):
        found, none = api.find(give_up, id=name), f"There is no watch whose id begins with {name}."
    else:
        return None
    if not found:
        raise NoSuchWatchError(none)
    if len(found) > 1:
        raise NoSuchWatchError(f"It is how {len(found)} ids begin: {_listed(found)}. Give more of it.")
    return found[0]


def watch_of(api: Api, name: str) -> WatchDocument:
    """Return the watch with this name; raises `JobWatchError`."""
    return find(api, name) or api.show(name)


def id_of(api: Api, name: str, give_up: float | None = None) -> str:
    """Return the id of the watch with this name; raises `JobWatchError`.  That of an id may be of no watch."""
    found = find(api, name, give_up)
    return name if found is None else str(found["id"])


def _listed(watches: Sequence[WatchDocument]) -> str:
    named = [f"{one['id']} ({one['api']}, {one.get('outcome') or one['state']})" for one in watches[:MOST_NAMED]]
    return ", ".join([*named, *(["and others"] if len(watches) > MOST_NAMED else [])])
