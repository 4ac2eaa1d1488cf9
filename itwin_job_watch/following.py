"""Follows watches to their end, however often the app fails meanwhile."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from itwin_job_watch.connection import PATIENCE, Connection
from itwin_job_watch.errors import UnavailableError, WatchError
from itwin_job_watch.pauses import pause
from itwin_job_watch.shapes import Watch, watch

#: Seconds that one long poll may take: of the only watch, or of one of several.
WAIT, WAIT_OF_SEVERAL = 25, 2

#: Concurrent long polls.
AT_ONCE = 8

#: Seconds between two looks at a watch, even if long polls are answered at once.
LOOK_EVERY = 1.0

#: Seconds that are left for the answer when a long poll ends.
TO_ANSWER = 1

#: Seconds for the first looks if there is no time at all.
FIRST_LOOKS = 10.0


def path(watch_id: str) -> str:
    """Return the path of a watch; raises `WatchError` for what can be no id, and might be another path."""
    if not re.fullmatch(r"[\w-]+", watch_id, re.ASCII):
        raise WatchError(f"There is no watch {watch_id!r}.")
    return f"/watches/{watch_id}"


@dataclass(slots=True)
class _Look:
    """The next look at a watch."""

    watch_id: str
    due: float = -math.inf
    failures: int = 0  #: looks in a row that failed
    at_once: bool = True  #: without a long poll, to see how it stands now


def follow(app: Connection, ids: Sequence[str], give_up: float = math.inf) -> Iterator[tuple[str, Watch | WatchError]]:
    """Yield each watch after every look at it, until all have ended or the clock passes `give_up`.

    What may pass ends nothing.  A watch that is unknown or cannot be read ends for itself alone; whatever else lasts
    raises `JobWatchError`.
    """
    left = [_Look(watch_id) for watch_id in dict.fromkeys(ids)]
    until = give_up if give_up > app.clock() else app.clock() + FIRST_LOOKS
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while left:
            began = app.clock()
            ready = [one for one in left if one.due <= began]
            longest = WAIT if len(left) == 1 else WAIT_OF_SEVERAL
            looks = pool.map(partial(_look, app, longest=longest, until=until), ready)
            for one, found in zip(ready, list(looks), strict=True):
                if isinstance(found, UnavailableError):
                    one.due = app.clock() + pause(one.failures, found.retry_after)
                    one.failures, one.at_once = one.failures + 1, True
                    app.outages.failed(found)
                elif found is not None:
                    one.due, one.failures, one.at_once = began + LOOK_EVERY, 0, False
                    if isinstance(found, WatchError) or found["state"] == "ended":
                        left.remove(one)
                    yield one.watch_id, found
            if not any(one.failures for one in left):
                app.outages.ended()
            if app.clock() >= give_up:
                return
            pause_for = min(give_up, min((one.due for one in left), default=0)) - app.clock()
            if pause_for > 0:
                app.sleep(pause_for)


def _look(app: Connection, one: _Look, *, longest: int, until: float) -> Watch | UnavailableError | WatchError | None:
    """Look at a watch; None if there is no time left."""
    left = until - app.clock()
    if left <= 0:
        return None
    wait = 0 if one.at_once else max(0, int(min(longest, left - TO_ANSWER)))
    timeout, params = min(wait + PATIENCE, left), {"wait": wait} if wait else {}
    try:
        return app.once("GET", path(one.watch_id), watch, timeout, params=params)
    except (UnavailableError, WatchError) as error:
        return error
