"""Triggers on queues of tickets, of which there are as many as the app's settings say."""

from collections.abc import Awaitable, Callable

import azure.functions as func

from shared.settings import queue_name
from shared.wiring import ticket_queues

OnMessage = Callable[[func.QueueMessage, func.Context], Awaitable[None]]


def on_each_queue(bp: func.Blueprint, suffix: str = "") -> Callable[[OnMessage], OnMessage]:
    """Run a function on each queue of tickets: as `poll_watch`, `poll_watch_1`, `poll_watch_2` and so on.

    `suffix` is added to the name of each queue: "-poison" for those where the host puts what failed too often.
    """

    def register(function: OnMessage) -> OnMessage:
        for number in range(ticket_queues()):
            queue = queue_name("%TICKETS_QUEUE%", number) + suffix
            trigger = bp.queue_trigger(arg_name="message", queue_name=queue, connection="AzureWebJobsStorage")
            bp.function_name(f"{function.__name__}_{number}" if number else function.__name__)(trigger(function))
        return function

    return register
