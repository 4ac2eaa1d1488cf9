"""Queue trigger: one delivery of one ticket moves one watch by at most one step."""

import azure.functions as func

from shared.model import Ticket
from shared.telemetry import invocation
from shared.wiring import watcher

bp = func.Blueprint()


@bp.queue_trigger(arg_name="message", queue_name="%TICKETS_QUEUE%", connection="AzureWebJobsStorage")
async def poll_watch(message: func.QueueMessage, context: func.Context) -> None:  # noqa: D103
    with invocation(context.trace_context.trace_parent):
        await watcher().deliver(Ticket.from_json(message.get_body()), str(message.id))
