"""opencensus-ext-azure, which is retired, with the workarounds it needs on current Python versions.

Of it we use the queue, the thread and the envelopes; requests are our own, since the package takes any 200 for a
delivery.  Only this file uses it, so replacing it changes nothing else.  It is imported with the first event: it
imports protobuf, and the process must start without.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import timedelta
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.identity import ManagedIdentityCredential
from opencensus.common.schedule import QueueEvent
from opencensus.ext.azure.log_exporter import AzureEventHandler

from shared.clients.certificates import other_certificates
from shared.clients.exchange import HEADERS, Silence, exchange
from shared.clients.proxies import ProxyError, proxy_for
from shared.clients.transport import AiohttpTransport
from shared.core.remote import Response
from shared.engine.ports import UndeliveredError
from shared.telemetry import answer
from shared.telemetry.answer import Verdict

log = logging.getLogger("watch.telemetry")

#: Of the identity's tokens.
SCOPE = "https://monitor.azure.com//.default"

#: A POST is repeated where these lead (RFC 9110, section 15.4).
REDIRECTS, MOST_REDIRECTS = {HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT}, 5

#: For one request: there is one thread, for which all events wait.
TIMEOUT = timedelta(seconds=10)

#: An answer names each event that was not accepted.
LARGEST_BODY = 64 * 1024


def identity(client_id: str) -> ManagedIdentityCredential:
    """Return the user-assigned identity of that client id, or the system-assigned one for "".

    No proxy leads to its endpoint, whatever the environment names.
    """
    return ManagedIdentityCredential(client_id=client_id or None, use_env_settings=False)


class Handler(AzureEventHandler):
    """The exporter's handler.  Each record has an `answer`, a future that gets the verdict on its event."""

    def __init__(
        self, connection_string: str, credential: TokenCredential | None, environment: Mapping[str, str]
    ) -> None:
        """Start the thread.  Nothing is kept on disk: an instance's disk is lost with the instance."""
        self._environment = environment
        super().__init__(connection_string=connection_string, credential=credential, enable_local_storage=False)

    def createLock(self) -> None:  # noqa: N802 -- logging's name
        """Create the lock that logging expects: without it Python 3.13 raises on every record.

        https://github.com/census-instrumentation/opencensus-python/issues/1249
        """
        self.lock = threading.RLock()

    def flush_soon(self) -> None:
        """Send queued events now; the exporter's own flush has no effect while its thread waits for a full batch."""
        self._queue.put(QueueEvent("flush"), block=False)

    def _check_stats_collection(self) -> bool:
        """Return False, so that no statistics are sent."""
        return False

    def _export(self, batch: Sequence[logging.LogRecord], event: QueueEvent | None = None) -> None:
        """Export a batch, and report the verdicts to the waiters of its records.  Never raises."""
        more = list(self._waiting(self.options.max_batch_size - len(batch)))
        records = [*batch, *(item for item in more if not isinstance(item, QueueEvent))]
        verdicts = [Verdict.AGAIN] * len(records)
        try:
            if records:
                verdicts = self._sent(records)
        except Exception as error:  # noqa: BLE001 -- whatever it is, e.g. a proxy's address that is none: they come again
            # By its type alone, if it is none of ours: the text may repeat a proxy's password.
            why = error if isinstance(error, UndeliveredError | ProxyError) else type(error).__name__
            log.warning("telemetry.unsent error=%s: check the network, and the proxies set", why)
        for record, verdict in zip(records, verdicts, strict=True):
            waiter: Future[Verdict] = record.__dict__["answer"]
            if waiter.set_running_or_notify_cancel():  # otherwise its waiter has given up
                waiter.set_result(verdict)
        for flush in (event, *more):
            if isinstance(flush, QueueEvent):
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

    def _sent(self, records: Sequence[logging.LogRecord]) -> list[Verdict]:
        """Send events, and return the verdict on each; raises whatever keeps them from being sent."""
        envelopes = self.apply_telemetry_processors([self.log_record_to_envelope(record) for record in records])
        headers = {"Content-Type": "application/json; charset=utf-8", **self._authorization()}
        url, body = f"{self.options.endpoint}/v2.1/track", json.dumps(envelopes, default=str)
        response = asyncio.run(
            _post(url, body, headers, self._certificates, environment=self._environment, redirects=MOST_REDIRECTS)
        )
        verdicts = answer.read(response.status, response.body, len(records))
        if Verdict.AGAIN in verdicts:
            log.warning("telemetry.unaccepted status=%s: not all was accepted, and is sent again", response.status)
        return verdicts

    @cached_property
    def _certificates(self) -> ssl.SSLContext | None:
        return other_certificates(self._environment)

    def _authorization(self) -> dict[str, Any]:
        """Return the header with the identity's token, if it needs one; raises `AzureError`."""
        if self.options.credential is None:
            return {}
        try:
            token = self.options.credential.get_token(SCOPE).token
        except AzureError as error:
            log.warning("identity.failed error=%s: no token for Application Insights", type(error).__name__)
            raise
        return {"Authorization": f"Bearer {token}"}


async def _post(
    url: str,
    body: str,
    headers: Mapping[str, str],
    certificates: ssl.SSLContext | None,
    *,
    environment: Mapping[str, str],
    redirects: int,
) -> Response:
    """Post where the endpoint leads: a global one leads to that of a region, which wants the token too.

    Whoever leads on has got the token already, so it goes along; but nothing goes from https to http.  Raises
    `UndeliveredError` without an answer, and `ProxyError`.
    """
    request = httpx.Request("POST", url, headers={**headers, **HEADERS}, content=body)
    async with AiohttpTransport(certificates, proxy_for(url, environment)) as http:
        found = await exchange(http, request, largest=LARGEST_BODY, within=TIMEOUT)
    if isinstance(found, Silence):
        raise UndeliveredError(found.error)
    onward = urljoin(url, found.headers.get("location", url))
    if redirects and found.status in REDIRECTS and urlsplit(onward).scheme == urlsplit(url).scheme:
        return await _post(onward, body, headers, certificates, environment=environment, redirects=redirects - 1)
    return found
