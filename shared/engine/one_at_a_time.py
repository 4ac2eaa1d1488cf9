"""One turn of a watch at a time in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class OneAtATime:
    """A lock per name.

    Correctness does not need it: the fence and the swap allow for two turns at once.  But both would ask the API, and a
    ticket and its copy become visible at the same moment, mostly to the same process.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def __call__(self, name: str) -> AsyncIterator[None]:
        """Wait until the others with this name are done."""
        lock = self._locks.setdefault(name, asyncio.Lock())  # held by us, so it lasts as long as anyone waits
        async with lock:
            yield
