"""Queue trigger: each delivery of a ticket advances its watch by at most one step."""

import azure.functions as func

from functions.support.invocation import delivery
from shared.engine.deliver import receive
from shared.wiring import poller


async def poll_watch(message: func.QueueMessage, context: func.Context) -> None:  # noqa: D103
    async with delivery(context):
        await receive(poller(), message.get_body(), str(message.id))
