"""Application Insights events, delivered before their turn returns: ends, rejected and poisoned tickets, counts.

The exporter is opencensus-ext-azure, which is retired; what it needs to do this on today's Pythons is in `_Handler`.
Nothing else knows about it, so that a successor touches this file alone.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import ManagedIdentityCredential
from opencensus.common.schedule import QueueEvent
from opencensus.ext.azure.common.transport import TransportStatusCode
from opencensus.ext.azure.log_exporter import AzureEventHandler

from shared.core.model import Watch
from shared.engine.ports import Count, UndeliveredError

log = logging.getLogger("watch.telemetry")

#: For one event, from here to the service's answer.
TIMEOUT = timedelta(seconds=30)

#: Entries of the evidence in an event; the row in the results table has more.
MOST_EVIDENCE = 3

#: The W3C traceparent of the invocation at hand, so that an event is found from its request and the other way round.
_traceparent: ContextVar[str] = ContextVar("traceparent", default="")


class Events:
    """The announce, reject, poisoned and counted ports.  At least once each: count distinct `watchId`."""

    def __init__(self, connection_string: str, role: str, credential: TokenCredential | None = None) -> None:
        """`role` is the name under which the application map shows us.

        Of a connection string the exporter takes the key and the endpoint, and fails on some others that Azure gives
        out; `Settings.telemetry` has just these two.  Where the key alone is not enough, because local authentication
        is off, the exporter gets a token from `credential` for the scope https://monitor.azure.com//.default.
        """
        handler = _Handler(
            connection_string=connection_string, credential=None if credential is None else _Patient(credential)
        )
        handler.add_telemetry_processor(lambda envelope: _name_role(envelope, role))
        self._handler = handler
        # Outside logging's tree, so that nothing but our events, least of all the exporter's warnings, reaches it.
        self._log = logging.Logger("watch.events", logging.INFO)  # noqa: LOG001
        self._log.addHandler(handler)

    async def announce(self, watch: Watch) -> None:
        """Send `WatchFinished`; raises `UndeliveredError` or TimeoutError."""
        await self._send("WatchFinished", _dimensions(watch), _measurements(watch), watch.trace)

    async def fail_callback(self, watch: Watch) -> None:
        """Send `CallbackFailed`; raises `UndeliveredError` or TimeoutError."""
        about = {"watchId": watch.id, "api": watch.api, "outcome": str(watch.outcome)}
        why = {"url": watch.callback, "error": watch.callback_error}
        await self._send("CallbackFailed", about | why, {"tries": watch.callback_tries}, watch.trace)

    async def reject(self, why: str, excerpt: str) -> None:
        """Send `TicketRejected`; raises `UndeliveredError` or TimeoutError."""
        await self._send("TicketRejected", {"reason": why, "excerpt": excerpt}, {})

    async def poisoned(self, watch: Watch) -> None:
        """Send `TicketPoisoned`; raises `UndeliveredError` or TimeoutError."""
        await self._send("TicketPoisoned", {"watchId": watch.id, "api": watch.api}, {"revivals": watch.revivals})

    async def counted(self, api: str, count: Count) -> None:
        """Send `WatchesCounted`; raises `UndeliveredError` or TimeoutError."""
        measurements = {
            "open": count.open,
            "overdue": count.overdue,
            "oldestOverdueSeconds": count.oldest_overdue.total_seconds(),
        }
        await self._send("WatchesCounted", {"api": api}, measurements)

    async def _send(
        self, name: str, dimensions: Mapping[str, str], measurements: Mapping[str, float], trace: str = ""
    ) -> None:
        """Send an event and wait for the answer: on a future, so that the event loop stays free.

        It belongs to `trace`, or else to the invocation at hand.
        """
        answer: Future[int] = Future()
        fields = {"custom_dimensions": dimensions, "custom_measurements": measurements, "answer": answer}
        self._log.info(name, extra={**fields, **_trace(trace or _traceparent.get())})
        self._handler.flush_soon()
        async with asyncio.timeout(TIMEOUT.total_seconds()):
            result = await asyncio.wrap_future(answer)
        if result == TransportStatusCode.RETRY:
            raise UndeliveredError(f"{name} could not be delivered; it will be tried again")
        if result != TransportStatusCode.SUCCESS:  # e.g. a wrong instrumentation key: trying again would not help
            about = dimensions.get("watchId") or dimensions.get("excerpt") or dimensions.get("api")
            log.error("event.rejected event=%s about=%r: refused, or something that was sent with it", name, about)


class NoEvents:
    """The same of an app without a connection string."""

    async def announce(self, watch: Watch) -> None:
        """Send nothing."""

    async def fail_callback(self, watch: Watch) -> None:
        """Send nothing."""

    async def reject(self, why: str, excerpt: str) -> None:
        """Send nothing."""

    async def poisoned(self, watch: Watch) -> None:
        """Send nothing."""

    async def counted(self, api: str, count: Count) -> None:
        """Send nothing."""


def identity(client_id: str) -> ManagedIdentityCredential:
    """Return the app's identity: the user-assigned one of that client id, or the system-assigned one for ""."""
    return ManagedIdentityCredential(client_id=client_id) if client_id else ManagedIdentityCredential()


@contextmanager
def invocation(traceparent: str | None) -> Iterator[None]:
    """Tie the events of this block to the invocation that the host gave this traceparent."""
    token = _traceparent.set(traceparent or "")
    try:
        yield
    finally:
        _traceparent.reset(token)


def _dimensions(watch: Watch) -> dict[str, str]:
    """Return what to filter by (`customDimensions`)."""
    return {
        "watchId": watch.id,
        "api": watch.api,
        "outcome": str(watch.outcome),
        "reason": watch.reason,
        "status": watch.status,
        "labels": ", ".join(watch.labels),
        "job": ", ".join(watch.job.values()),  # in one column, for people
        "evidence": "\n".join(watch.evidence[:MOST_EVIDENCE]),
        **watch.job,
    }


def _measurements(watch: Watch) -> dict[str, float]:
    """Return what to calculate with (`customMeasurements`)."""
    ended_at = watch.ended_at or watch.started_at
    return {
        "durationSeconds": (ended_at - watch.started_at).total_seconds(),
        "polls": watch.polls,
        "faults": watch.faults,
        "throttled": watch.throttled,
        "issues": watch.issues,
    }


def _trace(traceparent: str) -> dict[str, str]:
    """Read a traceparent (https://www.w3.org/TR/trace-context/#traceparent-header).

    >>> _trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    {'traceId': '0af7651916cd43dd8448eb211c80319c', 'spanId': 'b7ad6b7169203331'}
    >>> _trace("")
    {}
    """
    match traceparent.split("-"):
        case [_, trace_id, span_id, _]:
            return {"traceId": trace_id, "spanId": span_id}
    return {}


def _name_role(envelope: Any, role: str) -> None:
    envelope.tags["ai.cloud.role"] = role


class _Patient:
    """A credential whose every failure heals by waiting.

    The exporter drops what it had in hand when there was no token (`CredentialUnavailableError`), or no answer from
    where tokens come from; it tries again only after a `ClientAuthenticationError` proper.
    """

    def __init__(self, credential: TokenCredential) -> None:
        self._credential = credential

    def get_token(self, *scopes: str) -> AccessToken:
        """Get a token; raises `ClientAuthenticationError`."""
        try:
            return self._credential.get_token(*scopes)
        except AzureError as error:
            log.warning("identity.failed error=%s: no token for Application Insights", type(error).__name__)
            raise ClientAuthenticationError(type(error).__name__) from error


class _NoFiles:
    """Where the exporter would keep what it should try again later.

    An instance's disk goes with the instance, so we only note it: the turn then fails, and the queue delivers it again.
    """

    def __init__(self) -> None:
        self.wanted = False

    def put(self, *_: Any) -> None:
        self.wanted = True

    def gets(self) -> Sequence[Any]:
        return ()

    def close(self) -> None:
        pass


class _Handler(AzureEventHandler):
    """The exporter's handler, with work-arounds for opencensus-ext-azure 1.1.15."""

    _constructed = False

    def __init__(self, **options: Any) -> None:
        super().__init__(enable_local_storage=False, **options)
        self.storage = _NoFiles()
        self._constructed = True

    def createLock(self) -> None:  # noqa: N802 -- logging's name
        """Give the handler the lock that logging expects: without it Python 3.13 raises on every record.

        https://github.com/census-instrumentation/opencensus-python/issues/1249
        """
        self.lock = threading.RLock()

    def flush_soon(self) -> None:
        """Send what is queued now; the exporter's own flush does nothing once its thread waits for a batch to fill."""
        self._queue.put(QueueEvent("flush"), block=False)

    def _check_stats_collection(self) -> bool:
        """Off while constructing, so that no statistics are sent anywhere; on later.

        A refused connection counts as one to try again only where this is true.
        """
        return self._constructed

    def _export(self, batch: Sequence[logging.LogRecord], event: QueueEvent | None = None) -> None:
        """Export a batch, and tell those who wait for its records how that went."""
        more = list(self._waiting(self.options.max_batch_size - len(batch)))
        records = [*batch, *(item for item in more if not isinstance(item, QueueEvent))]
        self._result: int = TransportStatusCode.RETRY
        self.storage.wanted = False
        try:
            super()._export(records, event)
        finally:
            result = TransportStatusCode.RETRY if self.storage.wanted else self._result
            for record in records:
                answer: Future[int] = record.__dict__["answer"]
                if answer.set_running_or_notify_cancel():  # else its waiter has given up
                    answer.set_result(result)
            for flush in (item for item in more if isinstance(item, QueueEvent)):
                flush.set()

    def _waiting(self, most: int) -> Iterator[logging.LogRecord | QueueEvent]:
        """Take what has been queued since: those that wait together travel together."""
        while most > 0 and not self._queue.is_empty():
            for item in self._queue.gets(most, 0):
                if item is self._queue.EXIT_EVENT:
                    self._queue.put(item)
                    return
                most -= not isinstance(item, QueueEvent)
                yield item

    def _transmit(self, envelopes: Sequence[Mapping[str, Any]]) -> int:
        self._result = super()._transmit(envelopes)
        return self._result
