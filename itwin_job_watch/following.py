"""Follows watches to their end, however often the app fails meanwhile."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import anyio

from itwin_job_watch.connection import FIRST_LOOKS, PATIENCE, Connection
from itwin_job_watch.errors import JobWatchError, NoSuchWatchError, UnavailableError, WatchError
from itwin_job_watch.pauses import pause
from itwin_job_watch.shapes import WatchDocument, watch

#: Seconds that one long poll may take: of the only watch, or of one of several.  It tells of the end alone, and people
#: look on: so long may the percentage that they see be behind.
WAIT, WAIT_OF_SEVERAL = 5, 2

#: Concurrent long polls.
AT_ONCE = 8

#: Seconds between two looks at a watch, even if long polls are answered at once.
LOOK_EVERY = 1.0

#: Seconds that are left for the answer when a long poll ends.
TO_ANSWER = 1


def path(watch_id: str) -> str:
    """Return the path of a watch; raises `NoSuchWatchError` for what can be no id, and might be another path."""
    if not re.fullmatch(r"[\w-]+", watch_id, re.ASCII):
        raise NoSuchWatchError(f"There is no watch {watch_id!r}.")
    return f"/watches/{watch_id}"


@dataclass(slots=True)
class _Look:
    """The next look at a watch."""

    watch_id: str
    due: float = -math.inf
    failures: int = 0  #: looks in a row that failed
    at_once: bool = True  #: without a long poll, to see how it stands now
    found: WatchDocument | JobWatchError | None = None  #: by the last look; None if there was no time left


async def follow(
    app: Connection, ids: Sequence[str], give_up: float = math.inf
) -> AsyncGenerator[tuple[str, WatchDocument | WatchError]]:
    """Yield each watch after every look at it, until all have ended or the clock passes `give_up`.

    What may pass ends nothing.  A watch that is unknown or cannot be read ends for itself alone; whatever else lasts
    raises `JobWatchError`.  Nothing runs while the caller has the watch.
    """
    left = [_Look(watch_id) for watch_id in dict.fromkeys(ids)]
    until = give_up if give_up > app.clock() else app.clock() + FIRST_LOOKS
    while left:
        began = app.clock()
        ready = [one for one in left if one.due <= began]
        await _look_at(app, ready, longest=WAIT if len(left) == 1 else WAIT_OF_SEVERAL, until=until)
        for one in ready:
            found = _taken(app, one, began)
            if isinstance(found, WatchError) or (found and found["state"] == "ended"):
                left.remove(one)
            if found is not None:
                yield one.watch_id, found
        if not any(one.failures for one in left):
            app.outages.ended()
        if app.clock() >= give_up:
            return
        pause_for = min(give_up, min((one.due for one in left), default=0)) - app.clock()
        if pause_for > 0:
            await app.sleep(pause_for)


def _taken(app: Connection, one: _Look, began: float) -> WatchDocument | WatchError | None:
    """Plan the next look, and return what the last one found; raises what lasts."""
    match one.found:
        case UnavailableError() as error:
            one.due = app.clock() + pause(one.failures, error.retry_after)
            one.failures, one.at_once = one.failures + 1, True
            app.outages.failed(error)
            return None
        case None:
            return None
        case WatchError() as error:
            return error
        case JobWatchError() as error:
            raise error
        case found:
            one.due, one.failures, one.at_once = began + LOOK_EVERY, 0, False
            return found


async def _look_at(app: Connection, ready: Sequence[_Look], *, longest: int, until: float) -> None:
    """Look at several watches, a few at a time."""
    room = anyio.Semaphore(AT_ONCE)

    async def look(one: _Look) -> None:
        async with room:
            one.found = await _look(app, one, longest=longest, until=until)

    async with anyio.create_task_group() as looks:
        for one in ready:
            looks.start_soon(look, one)


async def _look(app: Connection, one: _Look, *, longest: int, until: float) -> WatchDocument | JobWatchError | None:
    """Look at a watch; None if there is no time left."""
    left = until - app.clock()
    if left <= 0:
        return None
    wait = 0 if one.at_once else max(0, int(min(longest, left - TO_ANSWER)))
    timeout, params = min(wait + PATIENCE, left), {"wait": wait} if wait else {}
    try:
        return await app.once("GET", path(one.watch_id), watch, timeout, params=params)
    except JobWatchError as error:
        return error
