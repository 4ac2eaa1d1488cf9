"""The cost of a turn and its lower bound: the same calls in sequence, with the same clients and nothing else.

Both run in this process, one call at a time, so that processor time can be attributed to them; in alternating blocks,
so that both run under the same conditions.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Awaitable, Callable
from statistics import median

import httpx
from azure.core import MatchConditions
from azure.data.tables import UpdateMode

from local.bench.ground import Ground, path
from local.bench.spread import Figures, Spread
from shared import wiring
from shared.apis.reporting import REPORTING
from shared.clients.transport import AiohttpTransport
from shared.core.model import Ticket, Watch
from shared.engine.deliver import receive

BLOCK = 10


def floor(ground: Ground, turns: int, runs: int) -> Figures:
    """Measure both, and the storage requests of a turn."""
    (watch,) = ground.make(["forever-floor"])
    figures = ground.run(_measure(ground, watch, turns, runs))
    ground.clear()
    return figures


async def _measure(ground: Ground, watch: Watch, turns: int, runs: int) -> Figures:
    queue, watches, poller = wiring.queues().tickets[0], wiring.tables().watches, wiring.poller()
    async with AiohttpTransport(wiring.certificates()) as http:
        headers = {**REPORTING.headers, "Authorization": f"Bearer {ground.token()}"}
        text, where = Ticket(watch.id, 0).to_json(), f"{ground.parts.simulator}{path('forever-floor')}"

        async def least() -> None:
            row = await watches.get_entity(watch.id[:2], watch.id)
            answer = await http.handle_async_request(httpx.Request("GET", where, headers=headers))
            await answer.aread()
            answer.raise_for_status()
            await watches.update_entity(
                row, UpdateMode.REPLACE, etag=row.metadata["etag"], match_condition=MatchConditions.IfNotModified
            )
            await queue.send_message(text, visibility_timeout=0, time_to_live=-1)

        seq = watch.seq

        async def turn() -> None:
            nonlocal seq
            await receive(poller, Ticket(watch.id, seq).to_json().encode(), str(seq))
            seq += 1

        for _ in range(BLOCK):  # connections, caches
            await least()
            await turn()
        with ground.storage_requests() as requests:
            await turn()
        ratios, costs, floors = [], [], []
        for _ in range(runs):
            pairs = [(await _cost(turn), await _cost(least)) for _ in range(max(1, turns // BLOCK // runs))]
            costs.append(1e6 * median(ours for ours, _ in pairs))
            floors.append(1e6 * median(theirs for _, theirs in pairs))
            ratios.append(median(ours / theirs for ours, theirs in pairs))
    return {
        "turn / floor": Spread(ratios),
        "a turn": Spread(costs, "µs"),
        "its floor": Spread(floors, "µs"),
        "storage requests of a turn": Spread(
            [float(requests["tables"] + requests["queues"])], "and 1 to delete its message"
        ),
    }


async def _cost(call: Callable[[], Awaitable[None]]) -> float:
    """Return the processor seconds of one call."""
    gc.collect()
    began = time.process_time()
    for _ in range(BLOCK):
        await call()
    return (time.process_time() - began) / BLOCK
