"""Runs what is asynchronous for a command, which is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class Loop:
    """An event loop of the main thread: Ctrl-C cancels what it runs, at once, and raises `KeyboardInterrupt`."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._is_interrupted = False

    def run(self, do: Coroutine[Any, Any, T]) -> T:
        """Run it to its end."""
        try:
            return self._runner.run(do)
        except KeyboardInterrupt:
            self._is_interrupted = True
            raise

    def each(self, items: AsyncGenerator[T]) -> Iterator[T]:
        """Yield what it yields."""

        async def following() -> T:
            return await anext(items)

        async def closing() -> None:
            await items.aclose()

        try:
            while True:
                try:
                    item = self.run(following())
                except StopAsyncIteration:
                    return
                yield item
        finally:
            self.run(closing())

    def close(self) -> None:
        """Close the loop.  After Ctrl-C nobody waits for a name that is being looked up, which nothing can cancel."""
        if self._is_interrupted:
            self._runner.get_loop().close()
        else:
            self._runner.close()
