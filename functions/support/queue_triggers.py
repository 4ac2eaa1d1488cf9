"""Triggers on the ticket queues.  The settings say how many there are."""

from collections.abc import Awaitable, Callable

import azure.functions as func

from shared.settings import queue_name
from shared.wiring import ticket_queues

OnMessage = Callable[[func.QueueMessage, func.Context], Awaitable[None]]


def on_each_queue(bp: func.Blueprint, suffix: str = "") -> Callable[[OnMessage], OnMessage]:
    """Register a function on each ticket queue, as `poll_watch`, `poll_watch_1`, `poll_watch_2` and so on.

    `suffix` is appended to each queue name: "-poison" for the queues where the host moves poisoned messages.
    """

    def register(function: OnMessage) -> OnMessage:
        for number in range(ticket_queues()):
            queue = queue_name("%TICKETS_QUEUE%", number) + suffix
            trigger = bp.queue_trigger(arg_name="message", queue_name=queue, connection="AzureWebJobsStorage")
            bp.function_name(f"{function.__name__}_{number}" if number else function.__name__)(trigger(function))
        return function

    return register
