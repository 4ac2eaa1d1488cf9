"""Runs one invocation as the real host would see it: a result, a failure, a timeout, or no response at all."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import NoReturn

from local.host.backends import Backend
from local.host.functions import Answer, Invocation, InvocationFailedError
from local.host.leaving import Exit, leave
from local.host.telemetry import Telemetry, invoking

_log = logging.getLogger(__name__)


class Invoker:
    """Calls functions through a back end."""

    def __init__(self, backend: Backend, timeout: timedelta | None, telemetry: Telemetry) -> None:
        self._backend = backend
        self._telemetry = telemetry
        self._timeout = timeout.total_seconds() if timeout else None

    async def __call__(self, invocation: Invocation) -> Answer | None:
        """Return the result of the function; raises InvocationFailedError, already logged, if it failed."""
        # A separate task: as on the real host, a client that disconnects does not cancel the function.
        running = asyncio.create_task(self._answer(invocation))
        done, _ = await asyncio.wait({running}, timeout=self._timeout)
        if not done:
            self._kill(invocation)
        try:
            answer = running.result()
        except InvocationFailedError as failure:
            self._telemetry.ended(invocation, str(failure))
            _log.error("function %s failed, invocation %s\n%s", invocation.function.name, invocation.id, failure)
            raise
        self._telemetry.ended(invocation, None)
        return answer

    async def _answer(self, invocation: Invocation) -> Answer | None:
        try:
            with invoking(invocation):
                return await self._backend.invoke(invocation)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit) as escaped:
            task = asyncio.current_task()
            if task and task.cancelling():  # not from the function: this process is shutting down
                raise
            # The worker catches `Exception` only, so for these it never sends an InvocationResponse
            # (azure_functions_runtime/handle_event.py, `invocation_request`).
            _log.exception(
                "%s escaped from function %s, invocation %s: the worker sends no result, and the host waits for one"
                " until functionTimeout",
                type(escaped).__name__,
                invocation.function.name,
                invocation.id,
            )
            return await _never()

    def _kill(self, invocation: Invocation) -> NoReturn:
        """Kill the process and all its invocations, as the host does with a worker that timed out.

        https://github.com/Azure/azure-functions-host/pull/5794
        """
        _log.critical(
            "function %s, invocation %s ran longer than functionTimeout (%g s): the host kills the worker process,"
            " with all that runs in it",
            invocation.function.name,
            invocation.id,
            self._timeout,
        )
        leave(Exit.TIMED_OUT)


async def _never() -> NoReturn:
    await asyncio.Event().wait()
    raise AssertionError("this event is never set")
