"""Registers functions with the host.

A function is imported when it is first called.  The host indexes all functions in every process, but in Azure a process
serves few of them, as functions scale apart
(https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#per-function-scaling), and its start is waited
for.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module
from typing import Any

import azure.functions as func

from shared.settings import queue_name
from shared.wiring import ticket_queues


def on_request(app: func.FunctionApp, name: str, route: str, *methods: str, takes_key: bool = True) -> None:
    """Register an HTTP function.  HEAD goes with GET (RFC 9110, section 9.1): the host does not add it."""

    async def function(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        response: func.HttpResponse = await _imported(name)(req, context)
        return response

    level = func.AuthLevel.FUNCTION if takes_key else func.AuthLevel.ANONYMOUS
    app.function_name(name)(app.route(route=route, methods=methods, auth_level=level)(function))


def on_each_queue(app: func.FunctionApp, name: str, suffix: str = "") -> None:
    """Register a function on each ticket queue, as `poll_watch`, `poll_watch_1`, `poll_watch_2` and so on.

    The settings say how many there are.  `suffix` is appended to each queue name: "-poison" for the queues where the
    host moves poisoned messages.
    """
    for number in range(ticket_queues()):
        on_queue(app, name, queue_name("%TICKETS_QUEUE%", number) + suffix, f"_{number}" if number else "")


def on_queue(app: func.FunctionApp, name: str, queue: str, number: str = "") -> None:
    """Register a function on one queue; `number` is appended to the name under which the host knows it."""

    async def function(message: func.QueueMessage, context: func.Context) -> None:
        await _imported(name)(message, context)

    trigger = app.queue_trigger(arg_name="message", queue_name=queue, connection="AzureWebJobsStorage")
    app.function_name(name + number)(trigger(function))


def on_time(app: func.FunctionApp, name: str, schedule: str) -> None:
    """Register a function on a schedule, in the form of NCRONTAB."""

    async def function(timer: func.TimerRequest, context: func.Context) -> None:
        await _imported(name)(timer, context)

    app.function_name(name)(app.timer_trigger(arg_name="timer", schedule=schedule)(function))


@cache
def _imported(name: str) -> Callable[..., Awaitable[Any]]:
    function: Callable[..., Awaitable[Any]] = getattr(import_module(f"functions.{name}"), name)
    return function
