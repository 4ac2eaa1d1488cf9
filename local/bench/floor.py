"""One turn beside the least it could cost: the same calls, back to back, with the same clients and nothing else.

Both run in this process, one call at a time, so that the processor time between two moments belongs to what ran
between them; in turn, block by block, so that both meet the same machine.
"""

from __future__ import annotations

import gc
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from statistics import median
from typing import Any

import httpx
from azure.core import MatchConditions
from azure.data.tables import UpdateMode

from local.bench.ground import Ground, path
from local.bench.spread import Figures, Spread
from local.stack import CLIENT_ID, CLIENT_SECRET
from shared import wiring
from shared.apis.reporting import REPORTING
from shared.model import Ticket, Watch
from shared.watching import Store, Watcher

BLOCK = 10


Spent = defaultdict[str, float]  #: processor seconds, by part
Port = Callable[..., Coroutine[Any, Any, Any]]


def split(watcher: Watcher) -> tuple[Watcher, Spent]:
    """Time the ports of a watcher."""
    spent: Spent = defaultdict(float)
    timed = replace(
        watcher,
        store=_TimedStore(watcher.store, spent),
        fetch=_timed(spent, "platform GET", watcher.fetch),
        send=_timed(spent, "ticket", watcher.send),
    )
    return timed, spent


class _TimedStore:
    """The store, with what a turn needs of it timed."""

    def __init__(self, store: Store, spent: Spent) -> None:
        self.load: Port = _timed(spent, "row load", store.load)
        self.commit: Port = _timed(spent, "commit", store.commit)
        self.insert, self.stale, self.delete, self.census = store.insert, store.stale, store.delete, store.census


def _timed(spent: Spent, name: str, call: Callable[..., Awaitable[Any]]) -> Port:
    """Add the processor time of each call; true only while nothing else runs."""

    async def wrapped(*arguments: Any) -> Any:
        began = time.process_time()
        try:
            return await call(*arguments)
        finally:
            spent[name] += time.process_time() - began

    return wrapped


def floor(ground: Ground, turns: int, runs: int) -> Figures:
    """Measure both, and what a turn asks of storage."""
    (watch,) = ground.make(["forever-floor"])
    figures = ground.run(_measure(ground, watch, turns, runs))
    ground.clear()
    return figures


async def _measure(ground: Ground, watch: Watch, turns: int, runs: int) -> Figures:
    stores, watcher = wiring.storage(), wiring.watcher()
    async with httpx.AsyncClient(base_url=ground.parts.simulator, trust_env=False) as http:
        headers = {**REPORTING.headers, "Authorization": f"Bearer {await _token(http)}"}
        text, where = Ticket(watch.id, 0).to_json(), path("forever-floor")

        async def least() -> None:
            row = await stores.watches.get_entity(watch.id[:2], watch.id)
            (await http.get(where, headers=headers)).raise_for_status()
            await stores.watches.update_entity(
                row, UpdateMode.REPLACE, etag=row.metadata["etag"], match_condition=MatchConditions.IfNotModified
            )
            await stores.tickets[0].send_message(text, visibility_timeout=0, time_to_live=-1)

        seq = watch.seq

        async def turn(taker: Watcher) -> None:
            nonlocal seq
            await taker.receive(Ticket(watch.id, seq).to_json().encode(), str(seq))
            seq += 1

        for _ in range(BLOCK):  # connections, caches
            await least()
            await turn(watcher)
        requests = await _requests(lambda: turn(watcher))
        ratios, costs, floors = [], [], []
        watched, spent = split(watcher)
        for _ in range(runs):
            pairs = [
                (await _cost(lambda: turn(watcher)), await _cost(least)) for _ in range(max(1, turns // BLOCK // runs))
            ]
            costs.append(1e6 * median(ours for ours, _ in pairs))
            floors.append(1e6 * median(theirs for _, theirs in pairs))
            ratios.append(median(ours / theirs for ours, theirs in pairs))
        whole = await _cost(lambda: turn(watched), turns)
    parts = {name: Spread([1e6 * used / turns], "µs") for name, used in sorted(spent.items())}
    rest = 1e6 * (whole - sum(spent.values()) / turns)
    return {
        "turn / floor": Spread(ratios),
        "a turn": Spread(costs, "µs"),
        "its floor": Spread(floors, "µs"),
        **{f"  of a turn: {name}": spread for name, spread in parts.items()},
        "  of a turn: everything else": Spread([rest], "µs"),
        "storage requests of a turn": Spread([float(requests)], "and 1 to delete its message"),
    }


async def _cost(call: Callable[[], Awaitable[None]], times: int = BLOCK) -> float:
    """Processor seconds of one call."""
    gc.collect()
    began = time.process_time()
    for _ in range(times):
        await call()
    return (time.process_time() - began) / times


async def _requests(call: Callable[[], Awaitable[None]]) -> int:
    """How many requests to storage a call makes: the SDK logs each."""
    log = logging.getLogger("azure.core.pipeline.policies.http_logging_policy")
    seen: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: seen.append(record.getMessage())  # type: ignore[method-assign]
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        await call()
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    return sum(text.startswith("Request URL") for text in seen)


async def _token(http: httpx.AsyncClient) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": "itwin-platform",
    }
    granted = await http.post("/connect/token", data=form)
    granted.raise_for_status()
    return str(granted.json()["access_token"])
