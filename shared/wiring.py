"""The only place where real parts are put together.  Built at the first invocation, kept for the process's life."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache

import httpx

from shared.apis import APIS
from shared.credentials import ClientCredentials
from shared.fetch import Fetcher
from shared.model import Watch
from shared.results import TableResults
from shared.settings import Settings
from shared.storage import Storage, connect
from shared.store import TableStore
from shared.telemetry import Events, announce_nowhere
from shared.tickets import TicketQueue
from shared.watching import Watcher

log = logging.getLogger("watch")

#: These log a line or more for each request, which a poll is not worth.
CHATTY = ("azure.core.pipeline.policies.http_logging_policy", "azure.identity", "httpx")


@cache
def settings() -> Settings:
    """Read the settings; raises `SettingsError`, each time anew until they are right."""
    return Settings.from_env(os.environ)


@cache
def storage() -> Storage:
    """Connect to the queue and the tables."""
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return connect(settings())


@cache
def watcher() -> Watcher:
    """Put the watcher together."""
    known, stores = settings(), storage()
    tokens = ClientCredentials(
        http=_http(),
        url=known.token_url,
        client_id=known.client_id,
        client_secret=known.client_secret.get_secret_value(),
        scope=known.scope,
        now=_now,
    )
    return Watcher(
        apis={name: api.paced(known.polling.get(name), known.wait_scale) for name, api in APIS.items()},
        store=TableStore(stores.watches),
        send=TicketQueue(stores.tickets).send,
        fetch=Fetcher(_http(known.api_url), tokens),
        record=TableResults(stores.results).record,
        announce=_announce(known),
        now=_now,
        draw=random.random,
    )


def _http(base_url: str = "") -> httpx.AsyncClient:
    """Make a client without limits of its own: its users set their time-outs, and host.json how many they are."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    return httpx.AsyncClient(base_url=base_url, follow_redirects=False, timeout=None, limits=limits)  # noqa: S113


def _announce(known: Settings) -> Callable[[Watch], Awaitable[None]]:
    if known.telemetry is None:
        log.warning("telemetry.off: APPLICATIONINSIGHTS_CONNECTION_STRING is not set, so ends are not announced")
        return announce_nowhere
    with _without("APPLICATIONINSIGHTS_CONNECTION_STRING"):  # the exporter reads it too, and fails on some of its forms
        return Events(known.telemetry.get_secret_value(), known.site_name).announce


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Hide one variable of the environment."""
    value = os.environ.pop(name, None)
    try:
        yield
    finally:
        if value is not None:
            os.environ[name] = value


def _now() -> datetime:
    return datetime.now(UTC)
