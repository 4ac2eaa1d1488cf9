"""Timer trigger: counts open watches, revives overdue ones, and removes old rows and stale entries."""

import logging
from datetime import timedelta

import azure.functions as func

from functions.support.invocation import delivery
from shared.wiring import tender

log = logging.getLogger("watch.tending")

#: Within functionTimeout.  What a round does not reach, the next one does: tended watches are no longer overdue.
ROUND = timedelta(minutes=4)


async def tend_watches(timer: func.TimerRequest, context: func.Context) -> None:  # noqa: ARG001, D103
    async with delivery(context, ROUND):
        if failed := await tender().round():
            log.error("round.incomplete failed=%d: the next round retries these", failed)
