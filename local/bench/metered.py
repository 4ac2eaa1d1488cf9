"""The host's worker, metering the processor time of each part of a turn: ``python -m local.bench.metered``.

The parts are the engine's ports and the listener's own requests.  What remains is everything else: the converters, the
event loop, and what arrives from the network.  A SIGUSR1 writes what was used so far to the file that the environment
variable `METERED` names: seconds, by part.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import replace
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from local.host.queues import LeasedQueue
from local.host.worker import main
from shared import wiring
from shared.engine.effects import Effects
from shared.engine.poller import Poller
from shared.engine.ports import Index, WatchStore

P = ParamSpec("P")
T = TypeVar("T")

FILE = "METERED"

Spent = defaultdict[str, float]  #: processor seconds, by part


class Metered(Awaitable[T]):
    """Awaits something, and sums the processor time of its steps, without what runs in between."""

    def __init__(self, work: Awaitable[T], spent: Spent, part: str) -> None:
        self._work, self._spent, self._part = work, spent, part

    def __await__(self) -> Generator[Any, Any, T]:
        """Drive it as `await` would (PEP 380), with a clock around each step."""
        work = self._work.__await__()
        step = partial(work.send, None)
        while True:
            began = time.thread_time()
            try:
                waits_for = step()
            except StopIteration as done:
                return cast(T, done.value)
            finally:
                self._spent[self._part] += time.thread_time() - began
            try:
                step = partial(work.send, (yield waits_for))
            except BaseException as thrown:  # noqa: BLE001 -- passed on to the work, a cancellation too
                step = partial(work.throw, thrown)


def metered(spent: Spent, part: str, call: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Meter each call."""

    @wraps(call)
    async def wrapped(*arguments: P.args, **named: P.kwargs) -> T:
        return await Metered(call(*arguments, **named), spent, part)

    return wrapped


class MeteredStore:
    """The store, with the calls of a turn metered."""

    def __init__(self, store: WatchStore, spent: Spent) -> None:
        self.load = metered(spent, "row load", store.load)
        self.commit = metered(spent, "commit", store.commit)
        self.insert, self.stale, self.delete = store.insert, store.stale, store.delete
        self.census, self.salvage = store.census, store.salvage


class MeteredIndex:
    """The lists, metered."""

    def __init__(self, index: Index, spent: Spent) -> None:
        self.add = metered(spent, "index", index.add)
        self.add_ended = metered(spent, "index", index.add_ended)
        self.remove = metered(spent, "index", index.remove)


def meter_poller(poller: Poller, spent: Spent) -> Poller:
    """Meter what asks."""
    rows: Any = MeteredStore(wiring.watches(), spent)
    return replace(poller, rows=rows, fetch=metered(spent, "platform GET", poller.fetch))


def meter_effects(effects: Effects, spent: Spent) -> Effects:
    """Meter what acts."""
    return replace(
        effects,
        watches=MeteredStore(effects.watches, spent),
        send=metered(spent, "ticket", effects.send),
        record=metered(spent, "row of results", effects.record),
        index=MeteredIndex(effects.index, spent),
    )


def tell(spent: Spent, file: Path) -> None:
    """Write the file atomically."""
    begun = file.with_suffix(".begun")
    begun.write_text(json.dumps(spent))
    begun.rename(file)


if __name__ == "__main__":
    spent: Spent = defaultdict(float)
    build_poller, build_effects = wiring.poller, wiring.effects
    # Before the app is imported, which takes them from there.
    wiring.poller = cache(lambda: meter_poller(build_poller(), spent))
    wiring.effects = cache(lambda: meter_effects(build_effects(), spent))
    for name in ("take", "delete"):
        setattr(LeasedQueue, name, metered(spent, "message taken, deleted", getattr(LeasedQueue, name)))
    signal.signal(signal.SIGUSR1, lambda *_: tell(spent, Path(os.environ[FILE])))
    main()
