"""The timer trigger: calls one function whenever its schedule says so.

As in TimerListener.cs of Azure/azure-webjobs-sdk-extensions:

* Runs of a function never overlap.  The next run is due at the first time after the last run began; if that has passed
  when the run ends, the function runs at once, and only once, however many times it missed.
* With runOnStartup it also runs when the host starts.
* A failed run is logged; the next one follows on schedule.

Differences:

* Nothing is kept across restarts, as if useMonitor were false for all: runs missed while the host was down stay missed,
  no run is past due, and `schedule_status` is empty.
* A call by hand ignores a run under way.
* Timers take no lease.  The real host leases a blob in AzureWebJobsStorage for each, so that only one of several host
  processes runs it; here there is only one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

from azure.functions.meta import Datum

from local.host import schedules, settings
from local.host.functions import Answer, CannotStartError, Function, Invocation, InvocationFailedError
from local.host.traces import new_span


class TimerListener:
    """One timer trigger."""

    def __init__(self, function: Function, invoke: Callable[[Invocation], Awaitable[Answer | None]]) -> None:
        written = settings.resolve(function, function.trigger["schedule"])
        try:
            self._schedule = schedules.read(written)
        except ValueError as error:
            raise CannotStartError(f"function {function.name}: {error}") from None
        self._function = function
        self._invoke = invoke

    async def run(self, stop: asyncio.Event) -> None:
        """Call the function at its times until `stop` is set; return when a call under way has ended."""
        started = _now()
        due = started if self._function.trigger.get("runOnStartup") else self._schedule.after(started)
        while await _reached(due, stop):
            began = _now()
            await self.call()
            due = self._schedule.after(began)

    @property
    def name(self) -> str:
        """The name of the function."""
        return self._function.name

    async def call(self) -> None:
        """Call the function now, regardless of its schedule."""
        # A TimerInfo in the host's format.  Past due would be a run missed while the host was down.
        info = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False}
        with suppress(InvocationFailedError):  # already logged
            await self._invoke(Invocation(self._function, Datum(json.dumps(info), "json"), {}, new_span()))


async def _reached(due: datetime, stop: asyncio.Event) -> bool:
    """Wait until that wall-clock time; returns False if `stop` is set first."""
    while not stop.is_set() and (left := (due - _now()).total_seconds()) > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                await stop.wait()
    return not stop.is_set()


def _now() -> datetime:
    return datetime.now(UTC)
