"""Queue trigger: each delivery of a ticket advances its watch by at most one step."""

import azure.functions as func

from functions.support.invocation import delivery
from functions.support.queue_triggers import on_each_queue
from shared.engine.deliver import receive
from shared.wiring import poller

bp = func.Blueprint()


@on_each_queue(bp)
async def poll_watch(message: func.QueueMessage, context: func.Context) -> None:  # noqa: D103
    async with delivery(context):
        await receive(poller(), message.get_body(), str(message.id))
