"""Triggers on queues of tickets, of which there are as many as the app's settings say."""

from collections.abc import Awaitable, Callable

import azure.functions as func

from shared.settings import queue_name
from shared.wiring import ticket_queues

Turn = Callable[[func.QueueMessage, func.Context], Awaitable[None]]


def on_each_queue(bp: func.Blueprint, suffix: str = "") -> Callable[[Turn], Turn]:
    """Run a function on each queue of tickets: as `poll_watch`, `poll_watch_1`, `poll_watch_2` and so on.

    `suffix` is of the names of the queues: that of the host's poison queues is "-poison".
    """

    def register(function: Turn) -> Turn:
        for number in range(ticket_queues()):
            queue = queue_name("%TICKETS_QUEUE%", number) + suffix
            trigger = bp.queue_trigger(arg_name="message", queue_name=queue, connection="AzureWebJobsStorage")
            bp.function_name(f"{function.__name__}_{number}" if number else function.__name__)(trigger(function))
        return function

    return register
