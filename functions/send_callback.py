"""Queue trigger: one delivery of one ticket makes at most one attempt of one callback."""

import azure.functions as func

from functions.support.invocation import delivery
from shared.engine.deliver import receive
from shared.wiring import callback_sender


async def send_callback(message: func.QueueMessage, context: func.Context) -> None:  # noqa: D103
    async with delivery(context):
        await receive(callback_sender(), message.get_body(), str(message.id))
