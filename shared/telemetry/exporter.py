"""opencensus-ext-azure, which is retired, with the workarounds it needs on current Python versions.

Only this file uses it, so replacing it changes nothing else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import ManagedIdentityCredential
from opencensus.common.schedule import QueueEvent
from opencensus.ext.azure.common.transport import TransportStatusCode
from opencensus.ext.azure.log_exporter import AzureEventHandler

log = logging.getLogger("watch.telemetry")

#: The result of sending an event: accepted, or to be retried.
TAKEN, TRY_AGAIN = TransportStatusCode.SUCCESS, TransportStatusCode.RETRY


def identity(client_id: str) -> ManagedIdentityCredential:
    """Return the user-assigned identity of that client id, or the system-assigned one for ""."""
    return ManagedIdentityCredential(client_id=client_id) if client_id else ManagedIdentityCredential()


class Patient:
    """A credential that makes the exporter retry after every failure.

    The exporter drops its events when no token is available (`CredentialUnavailableError`) or the token service does
    not respond; it retries only after a plain `ClientAuthenticationError`.
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
    """Replaces the file storage in which the exporter keeps events to retry.

    An instance's disk is lost with the instance, so this only records that a retry is needed: the turn fails, and the
    queue redelivers its message.
    """

    def __init__(self) -> None:
        self.wanted = False

    def put(self, *_: Any) -> None:
        self.wanted = True

    def gets(self) -> Sequence[Any]:
        return ()

    def close(self) -> None:
        pass


class Handler(AzureEventHandler):
    """The exporter's handler, with workarounds for opencensus-ext-azure 1.1.15."""

    _constructed = False

    def __init__(self, **options: Any) -> None:
        super().__init__(enable_local_storage=False, **options)
        self.storage = _NoFiles()
        self._constructed = True

    def createLock(self) -> None:  # noqa: N802 -- logging's name
        """Create the lock that logging expects: without it Python 3.13 raises on every record.

        https://github.com/census-instrumentation/opencensus-python/issues/1249
        """
        self.lock = threading.RLock()

    def flush_soon(self) -> None:
        """Send queued events now; the exporter's own flush has no effect while its thread waits for a full batch."""
        self._queue.put(QueueEvent("flush"), block=False)

    def _check_stats_collection(self) -> bool:
        """Return False during construction, so that no statistics are sent; True later.

        The exporter retries after a refused connection only if this is True.
        """
        return self._constructed

    def _export(self, batch: Sequence[logging.LogRecord], event: QueueEvent | None = None) -> None:
        """Export a batch, and report the result to the waiters of its records."""
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
                if answer.set_running_or_notify_cancel():  # otherwise its waiter has given up
                    answer.set_result(result)
            for flush in (item for item in more if isinstance(item, QueueEvent)):
                flush.set()

    def _waiting(self, most: int) -> Iterator[logging.LogRecord | QueueEvent]:
        """Take the events queued since, so that they share the batch."""
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
