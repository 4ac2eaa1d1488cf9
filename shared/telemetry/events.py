"""The app's events, delivered to Application Insights before their turn returns.

The exporter is in `exporter.py`, which is imported only where there is somewhere to send to.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from azure.core.credentials import TokenCredential

from shared.core.callback import Callback, event_id
from shared.core.model import End, Watch
from shared.core.rate_limit import Pace
from shared.core.trace import TRACEPARENT
from shared.core.untrusted import tidy
from shared.engine.ports import Count, UndeliveredError, Unreadable
from shared.telemetry.answer import Verdict
from shared.version import VERSION

log = logging.getLogger("watch.telemetry")

#: For one event, including the service's response.
TIMEOUT = timedelta(seconds=30)

#: Entries of evidence in an event; the row in the results table has more.
MOST_EVIDENCE = 3

#: Why watches fail, in the names of measurements: a row may hold any text.
WORD = re.compile(r"[0-9a-z_]{1,20}")
MOST_WORDS = 20

#: Characters of a row's key, and of the names of its columns, in an event.
LONGEST_KEY, LONGEST_COLUMNS = 200, 1000

#: All that is known of a gate that is shut for long: the platform tells a rate and a quota in the same way.
WHY_SHUT = "a 429 or a quota"

#: The W3C traceparent of the current invocation, which links events and requests.
_traceparent: ContextVar[str] = ContextVar("traceparent", default="")


class Events:
    """The announce, reject, poisoned, counted and other ports.  At least once each: count distinct `eventId`."""

    def __init__(
        self,
        connection_string: str,
        role: str,
        credential: TokenCredential | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`role` is the app's name on the application map; `environment` may name a proxy.

        The exporter reads the key and the endpoint of a connection string, and fails on some other parts that Azure
        adds; `Settings.telemetry` contains only these two.  If local authentication is off, the key is not enough: the
        exporter gets a token from `credential` for the scope https://monitor.azure.com//.default.
        """
        from shared.telemetry.exporter import Handler  # noqa: PLC0415 -- see its docstring

        handler = Handler(connection_string, credential, environment)
        handler.add_telemetry_processor(lambda envelope: _name_app(envelope, role))
        self._handler = handler
        # Outside the logger hierarchy, so that only our events reach it, and never the exporter's own warnings.
        self._log = logging.Logger("watch.events", logging.INFO)  # noqa: LOG001
        self._log.addHandler(handler)

    async def announce(self, watch: Watch, end: End) -> None:
        """Send `WatchFinished`; raises `UndeliveredError` or TimeoutError."""
        await self._send("WatchFinished", _dimensions(watch, end), _measurements(watch, end), watch.trace)

    async def fail_callback(self, callback: Callback) -> None:
        """Send `CallbackFailed`; raises `UndeliveredError` or TimeoutError."""
        about = {"eventId": callback.id, "watchId": callback.watch_id, "api": callback.api}
        about |= {"outcome": callback.outcome.value}
        why = {"url": callback.url, "error": callback.error}
        await self._send("CallbackFailed", about | why, {"tries": callback.tries}, callback.trace)

    async def reject(self, why: str, excerpt: str) -> None:
        """Send `TicketRejected`; raises `UndeliveredError` or TimeoutError."""
        await self._send("TicketRejected", {"reason": why, "excerpt": excerpt}, {})

    async def poisoned(self, watch: Watch) -> None:
        """Send `TicketPoisoned`; raises `UndeliveredError` or TimeoutError."""
        await self._send("TicketPoisoned", {"watchId": watch.id, "api": watch.api}, {"revivals": watch.revivals})

    async def received(self, result: str, why: str, kind: str, apis: Iterable[str], watches: Iterable[str]) -> None:
        """Send `EventReceived`: what became of an event of the platform; raises `UndeliveredError` or TimeoutError.

        `apis` and `watches` are mostly one of each: several APIs may share a type.
        """
        about = {"api": ", ".join(apis), "watchId": ", ".join(watches)}
        await self._send("EventReceived", {"type": kind, "result": result, "why": why, **about}, {})

    async def counted(self, api: str | None, count: Count, pace: Pace | None) -> None:
        """Send `WatchesCounted`; raises `UndeliveredError` or TimeoutError.

        Without an API, the event says that a round took place which had none to tell of.
        `failing` is how many open watches learned nothing in their last turn; `failing_token` and others say why.
        `perMinute` is absent where the schedules alone say how often an API is asked.  All about the pace is absent
        where that is not known.
        """
        measurements: dict[str, float] = {
            "open": count.open,
            "overdue": count.overdue,
            "oldestOverdueSeconds": count.oldest_overdue.total_seconds(),
            **_failing(count.failing),
        }
        about = {} if api is None else {"api": api}
        if pace is not None:
            about |= {"pace": pace.reason.value, "paceSince": pace.since.isoformat() if pace.since else ""}
            measurements |= {"gateShutSeconds": pace.opens_in.total_seconds()}
            measurements |= {} if pace.per_minute is None else {"perMinute": pace.per_minute}
        await self._send("WatchesCounted", about, measurements)

    async def shut_for_long(self, api: str, pace: Pace) -> None:
        """Send `GateShut`; raises `UndeliveredError` or TimeoutError."""
        opens_at = pace.shut_until.isoformat() if pace.shut_until else ""
        shut_for = pace.shut_until - pace.shut_since if pace.shut_until and pace.shut_since else timedelta(0)
        about = {"api": api, "opensAt": opens_at, "reason": WHY_SHUT}
        await self._send("GateShut", about, {"shutForSeconds": shut_for.total_seconds()})

    async def unreadable(self, row: Unreadable) -> None:
        """Send `RowUnreadable`; raises `UndeliveredError` or TimeoutError."""
        about = {"table": row.table, "key": tidy(row.key, LONGEST_KEY)}
        await self._send("RowUnreadable", about | {"columns": tidy(", ".join(row.columns), LONGEST_COLUMNS)}, {})

    async def _send(
        self, name: str, dimensions: Mapping[str, str], measurements: Mapping[str, float], trace: str = ""
    ) -> None:
        """Send an event and wait for the response, without blocking the event loop.

        The event belongs to `trace`, or else to the current invocation.
        """
        answer: Future[Verdict] = Future()
        fields = {"custom_dimensions": dimensions, "custom_measurements": measurements, "answer": answer}
        self._log.info(name, extra={**fields, **_trace(trace or _traceparent.get())})
        self._handler.flush_soon()
        async with asyncio.timeout(TIMEOUT.total_seconds()):
            verdict = await asyncio.wrap_future(answer)
        if verdict is Verdict.AGAIN:
            raise UndeliveredError(f"{name} could not be delivered; it will be retried")
        if verdict is Verdict.REFUSED:  # e.g. a wrong instrumentation key: retrying would not help
            about = next(filter(None, map(dimensions.get, ("watchId", "excerpt", "api", "key"))), "")
            log.error("event.rejected event=%s about=%r: Application Insights will never accept it", name, about)


class NoEvents:
    """No-op, used when no connection string is set."""

    async def announce(self, watch: Watch, end: End) -> None:
        """Send nothing."""

    async def fail_callback(self, callback: Callback) -> None:
        """Send nothing."""

    async def reject(self, why: str, excerpt: str) -> None:
        """Send nothing."""

    async def poisoned(self, watch: Watch) -> None:
        """Send nothing."""

    async def received(self, result: str, why: str, kind: str, apis: Iterable[str], watches: Iterable[str]) -> None:
        """Send nothing."""

    async def counted(self, api: str | None, count: Count, pace: Pace | None) -> None:
        """Send nothing."""

    async def shut_for_long(self, api: str, pace: Pace) -> None:
        """Send nothing."""

    async def unreadable(self, row: Unreadable) -> None:
        """Send nothing."""


@contextmanager
def invocation(traceparent: str | None) -> Iterator[None]:
    """Link the events of this block to the invocation with this traceparent."""
    token = _traceparent.set(traceparent or "")
    try:
        yield
    finally:
        _traceparent.reset(token)


def _dimensions(watch: Watch, end: End) -> dict[str, str]:
    """Return the fields to filter by (`customDimensions`)."""
    return {
        "eventId": event_id(watch),
        "watchId": watch.id,
        "api": watch.api,
        "outcome": end.outcome.value,
        "reason": watch.reason,
        "status": watch.status,
        "labels": ", ".join(watch.labels),
        "job": ", ".join(watch.job.values()),  # in one column, for people
        "evidence": "\n".join(watch.evidence[:MOST_EVIDENCE]),
        **watch.job,
    }


def _measurements(watch: Watch, end: End) -> dict[str, float]:
    """Return the numbers (`customMeasurements`)."""
    return {
        "durationSeconds": (end.at - watch.started_at).total_seconds(),
        "polls": watch.polls,
        "faults": watch.faults,
        "throttled": watch.throttled,
        "issues": watch.issues,
        "restarts": watch.restarts,
    }


def _failing(failing: Mapping[str, int]) -> dict[str, float]:
    """Return how many watches fail, and how many for which reason; what is no word of the app's is `failing_other`.

    >>> _failing({"401": 2, "token": 0, "<b>": 1})
    {'failing': 3, 'failing_401': 2, 'failing_other': 1}
    """
    words = Counter[str]()
    for word, watches in failing.items():
        words[word if WORD.fullmatch(word) else "other"] += watches
    named = {f"failing_{word}": watches for word, watches in words.most_common(MOST_WORDS) if watches}
    return {"failing": words.total(), **named}


def _trace(traceparent: str) -> dict[str, str]:
    found = TRACEPARENT.match(traceparent)
    return {"traceId": found["trace"], "spanId": found["span"]} if found else {}


def _name_app(envelope: Any, role: str) -> None:
    envelope.tags.update({"ai.cloud.role": role, "ai.application.ver": VERSION})
