"""opencensus-ext-azure, which is retired, and what it needs to deliver on today's Pythons.

Nothing else knows about it, so that a successor touches this file alone.
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

#: What becomes of an event: taken, or to be tried again.
TAKEN, TRY_AGAIN = TransportStatusCode.SUCCESS, TransportStatusCode.RETRY


def identity(client_id: str) -> ManagedIdentityCredential:
    """Return the app's identity: the user-assigned one of that client id, or the system-assigned one for ""."""
    return ManagedIdentityCredential(client_id=client_id) if client_id else ManagedIdentityCredential()


class Patient:
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


class Handler(AzureEventHandler):
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
