"""The host's telemetry for Application Insights: log lines of functions, and failed invocations.

host.json's `logging.logLevel` names categories.  Each item must pass two filters; in both the longest matching category
decides (observed on host 4.1037, and read in Azure/azure-webjobs-sdk):

* that of .NET, where a category may contain one `*` (LoggerRuleSelector.cs of dotnet/runtime);
* a second one before ingestion, which uses StartsWith and no `*` (FilteringTelemetryProcessor.cs).  So a category with
  a `*` lets a line reach the console, but not Application Insights.

A line of a function has the category `Function.<name>.User`.  A failed invocation sends the same exception
twice, in `Function.<name>` and in `Host.Results`, plus a request in the latter.  A successful invocation sends a
request and two lines, of level Information in the same categories.

Differences: the real host samples (`samplingSettings`), so this one never sends less.  Lines of functions that are not
async are missing.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

import aiohttp

from local.host.functions import Invocation

_log = logging.getLogger(__name__)

_EVERY = timedelta(seconds=0.5)

#: Items kept while the endpoint does not respond; beyond that the oldest are dropped.
_KEPT = 100_000

_PATIENCE = aiohttp.ClientTimeout(total=5)


class Level(IntEnum):
    """.NET's log levels, by their names in host.json."""

    Trace = 0
    Debug = 1
    Information = 2
    Warning = 3
    Error = 4
    Critical = 5
    Off = 6  #: written "None"

    @classmethod
    def of(cls, record: logging.LogRecord) -> Level:
        """Return the level that the worker assigns to a line."""
        return cls(min(cls.Critical, max(cls.Debug, record.levelno // 10)))


class Levels:
    """host.json's `logging.logLevel`: the minimum level by category."""

    def __init__(self, rules: Mapping[str, Level]) -> None:
        self._rules = {name.lower(): level for name, level in rules.items()}
        self._default = self._rules.pop("default", Level.Information)

    def let_through(self, category: str, level: Level) -> bool:
        """Return whether an item reaches Application Insights.

        >>> levels = Levels({"default": Level.Warning, "Function.a*.User": Level.Information, "Function.b": Level.Off})
        >>> levels.let_through("Function.a.User", Level.Information), levels.let_through("Function.b_1", Level.Critical)
        (False, False)
        """
        return level != Level.Off and level >= max(
            self._chosen(lambda rule: _fits(rule, category.lower())), self._chosen(category.lower().startswith)
        )

    def _chosen(self, fits: Callable[[str], bool]) -> Level:
        longest = max(filter(fits, self._rules), key=len, default=None)
        return self._default if longest is None else self._rules[longest]


def _fits(rule: str, category: str) -> bool:
    """Compare like .NET: the parts before and after the `*` are a prefix and a suffix of the category."""
    before, _, after = rule.partition("*")
    return category.startswith(before) and category.endswith(after)


_current: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


@contextmanager
def invoking(invocation: Invocation) -> Iterator[None]:
    """Attribute the lines logged in the block to this invocation."""
    token = _current.set(invocation)
    try:
        yield
    finally:
        _current.reset(token)


class Telemetry(logging.Handler):
    """Collects what passes the filters, and sends it to the endpoint in the connection string."""

    def __init__(self, levels: Levels, connection_string: str) -> None:
        """Sends nothing unless the connection string names an endpoint."""
        super().__init__()
        parts = dict(part.partition("=")[::2] for part in connection_string.split(";"))
        self._levels = levels
        self._key = parts.get("InstrumentationKey", "")
        self._endpoint = parts.get("IngestionEndpoint", "")
        self._waiting: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._reachable = True

    def emit(self, record: logging.LogRecord) -> None:
        """Send a log line of a function."""
        if invocation := _current.get():
            category, level = f"Function.{invocation.function.name}.User", Level.of(record)
            self._put(invocation, category, level, "MessageData", {"message": self.format(record)})

    def ended(self, invocation: Invocation, failure: str | None) -> None:
        """Send the telemetry of an invocation."""
        name = invocation.function.name
        level = Level.Information if failure is None else Level.Error
        for category in (f"Function.{name}", "Host.Results"):
            if failure is not None:
                exception = {"typeName": "Microsoft.Azure.WebJobs.Host.FunctionInvocationException", "message": failure}
                self._put(invocation, category, level, "ExceptionData", {"exceptions": [exception]})
            elif category != "Host.Results":
                for text in (f"Executing 'Functions.{name}'", f"Executed 'Functions.{name}' (Succeeded)"):
                    self._put(invocation, category, level, "MessageData", {"message": text})
        request = {"id": invocation.id, "name": name, "success": failure is None}
        self._put(invocation, "Host.Results", level, "RequestData", request)

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Send during the block, and once more at its end."""
        root = logging.getLogger()
        root.addHandler(self)
        sending = asyncio.create_task(self._send_now_and_then())
        try:
            yield
        finally:
            root.removeHandler(self)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await self._send()

    def _put(self, invocation: Invocation, category: str, level: Level, kind: str, data: Mapping[str, Any]) -> None:
        if not self._endpoint or not self._levels.let_through(category, level):
            return
        _, trace_id, span_id, _ = invocation.trace.parent.split("-")
        properties = {"Category": category, "LogLevel": level.name, "InvocationId": invocation.id}
        self._waiting.append(
            {
                "name": f"Microsoft.ApplicationInsights.{kind.removesuffix('Data')}",
                "time": datetime.now(UTC).isoformat(),
                "iKey": self._key,
                "tags": {
                    "ai.operation.id": trace_id,
                    "ai.operation.parentId": span_id,
                    "ai.operation.name": invocation.function.name,
                },
                "data": {"baseType": kind, "baseData": {"ver": 2, **data, "properties": properties}},
            }
        )

    async def _send_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_EVERY.total_seconds())
            await self._send()

    async def _send(self) -> None:
        items = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not items:
            return
        body, address = "\n".join(map(json.dumps, items)), self._endpoint.rstrip("/") + "/v2/track"
        try:
            async with (
                aiohttp.ClientSession(timeout=_PATIENCE) as session,
                session.post(address, data=body, raise_for_status=True),
            ):
                self._reachable = True
        except (aiohttp.ClientError, TimeoutError) as error:
            if self._reachable:
                _log.warning("Application Insights does not accept items, which are kept: %s", error)
            self._reachable = False
            self._waiting.extendleft(reversed(items))
