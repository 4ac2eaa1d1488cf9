"""Timer trigger: counts open watches, gives those that fell behind a turn, removes what is old or stale."""

import logging
from datetime import timedelta

import azure.functions as func

from functions.support.invocation import delivery
from shared.wiring import tender, tidier

bp = func.Blueprint()

log = logging.getLogger("watch.tending")

#: Inside functionTimeout.  What a round does not reach, the next one will: what is tended is no longer stale.
ROUND = timedelta(minutes=4)


@bp.timer_trigger(arg_name="timer", schedule="0 */5 * * * *")
async def tend_watches(timer: func.TimerRequest, context: func.Context) -> None:  # noqa: ARG001, D103
    async with delivery(context, ROUND):
        if failed := await tender().round():
            log.error("round.incomplete failed=%d: the next round will try these again", failed)
        await tidier().round()
