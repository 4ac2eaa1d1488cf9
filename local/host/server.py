"""Assembles the host: the app's triggers, each with its listener."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from local.host import hostjson, settings
from local.host.backends import Backend
from local.host.binding import Binder
from local.host.functions import CannotStartError, Function
from local.host.hostjson import HostJson
from local.host.invoker import Invoker
from local.host.listener import QueueListener
from local.host.queues import LeasedQueue
from local.host.routes import Routes
from local.host.telemetry import Levels, Telemetry
from local.host.timers import TimerListener
from local.host.web import Front, serving

#: The supported bindings.  To add a trigger, such as one on blobs: its type here, a listener with `run(stop)` in its
#: own file, and a line in `serve`.
_KNOWN = {"httpTrigger", "queueTrigger", "timerTrigger", "http"}


@dataclass(frozen=True, slots=True)
class Options:
    """How to run an app."""

    app: Path
    port: int
    key: str
    lease: timedelta


async def serve(options: Options, backend: Backend, stop: asyncio.Event, listening: Callable[[str], None]) -> None:
    """Run the app until `stop` is set; `listening` is called with the address once it accepts requests."""
    if not (options.app / "function_app.py").exists():
        raise CannotStartError(f"there is no function_app.py in {options.app}")
    host_json = hostjson.read(options.app)
    sys.path.insert(0, str(options.app))
    functions = await backend.start(options.app)
    _refuse_unknown(functions)
    telemetry = Telemetry(
        Levels(host_json.logging.log_level), os.environ.get("APPLICATIONINSIGHTS_CONNECTION_STRING", "")
    )
    invoke = Invoker(Binder(backend), host_json.function_timeout, telemetry)
    routes = Routes(_triggered_by("httpTrigger", functions), host_json.extensions.http.route_prefix)
    timers = [TimerListener(function, invoke) for function in _triggered_by("timerTrigger", functions)]
    front = Front(routes, options.key, invoke, {timer.name: timer.call for timer in timers})
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(telemetry.sending())
        queues = await _queue_listeners(functions, options.lease, host_json, invoke, opened)
        listeners: list[QueueListener | TimerListener] = [*queues, *timers]
        listening(await opened.enter_async_context(serving(front, options.port)))
        async with asyncio.TaskGroup() as group:
            group.create_task(stop.wait())  # without listeners there is nothing else to wait for
            for listener in listeners:
                group.create_task(listener.run(stop))


async def _queue_listeners(
    functions: Iterable[Function], lease: timedelta, host: HostJson, invoke: Invoker, opened: AsyncExitStack
) -> Sequence[QueueListener]:
    listeners: list[QueueListener] = []

    def wake(queue_name: str) -> None:
        """Wake the listener of the poison queue at once (RegisterSharedWatcherWithQueueProcessor)."""
        for listener in listeners:
            if listener.queue.name == queue_name:
                listener.wake()

    for function in _triggered_by("queueTrigger", functions):
        name = settings.resolve(function, function.trigger["queueName"])
        try:
            queue = LeasedQueue(settings.connection_string(function), name, lease)
        except ValueError as error:  # the SDK's messages do not quote the connection string
            raise CannotStartError(f"function {function.name}: {error}") from None
        await opened.enter_async_context(queue)
        listeners.append(QueueListener(function, queue, host.extensions.queues, invoke, buried=wake))
    return listeners


def _triggered_by(trigger_type: str, functions: Iterable[Function]) -> list[Function]:
    return [function for function in functions if function.trigger["type"] == trigger_type]


def _refuse_unknown(functions: Iterable[Function]) -> None:
    for function in functions:
        for binding in function.bindings:
            if binding["type"] not in _KNOWN:
                raise CannotStartError(
                    f"function {function.name}: this host does not support bindings of type {binding['type']}"
                )
