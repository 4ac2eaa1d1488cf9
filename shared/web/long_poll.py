"""Long polls: wait for a watch to end, so that the caller does not have to poll."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from shared.core.model import Watch
from shared.engine.ports import Store

#: Each look reads one row, and blocks neither the watch's turns nor other requests.
LOOK_EVERY = timedelta(seconds=1)


async def until_ended(
    rows: Store[Watch], watch_id: str, wait: timedelta, look_every: timedelta = LOOK_EVERY
) -> Watch | None:
    """Return the watch when it has ended or `wait` has passed; None if there is no such watch."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + wait.total_seconds()
    while (watch := await rows.load(watch_id)) and watch.is_open and (left := give_up - loop.time()) > 0:  # noqa: ASYNC110
        await asyncio.sleep(min(look_every.total_seconds(), left))
    return watch
