"""Poison queue trigger: revives a watch whose ticket failed too often, later each time, or abandons it."""

import azure.functions as func

from functions.support.invocation import delivery
from shared.wiring import reviver


async def revive_watch(message: func.QueueMessage, context: func.Context) -> None:  # noqa: D103
    async with delivery(context):
        await reviver().receive_poisoned(message.get_body())
