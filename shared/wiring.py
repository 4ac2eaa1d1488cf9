"""The only place where real parts are put together.  Built at the first invocation, kept for the process's life."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from standardwebhooks import Webhook

from shared.apis import APIS
from shared.clients.credentials import ClientCredentials
from shared.clients.platform import Fetcher
from shared.clients.webhook import Poster
from shared.core.callback import LASTS, TRIES
from shared.core.decide import REVIVALS
from shared.core.rate_limit import budget
from shared.engine.callback_sender import CallbackSender
from shared.engine.gate import Gates
from shared.engine.lister import Listing
from shared.engine.one_at_a_time import OneAtATime
from shared.engine.tender import Tender
from shared.engine.tidier import Tidier
from shared.engine.watcher import GRACE, Watcher
from shared.settings import Settings, SettingsError, queue_count, queue_name
from shared.storage.connect import Names, Storage, by_connection_string, by_identity
from shared.storage.gates import GateTable
from shared.storage.lists import OpenIndex, Shelf
from shared.storage.results import TableResults
from shared.storage.tickets import TicketQueue, TicketQueues
from shared.storage.watches import TableStore
from shared.telemetry.events import Events, NoEvents
from shared.telemetry.exporter import identity
from shared.web.cloud_event import to_json
from shared.web.starter import Starter

log = logging.getLogger("watch")

#: These log a line or more for each request, which a poll is not worth.
CHATTY = ("azure.core.pipeline.policies.http_logging_policy", "azure.identity", "httpx")

#: For each request httpcore asks the system about every connection that is idle (`AsyncConnectionPool.
#: _assign_requests_to_connections`): with a hundred of them that took some 5 ms of processor time.  Fewer mean more TLS
#: handshakes, of 2.4 ms each; and httpx closes what was idle for 5 s anyway.
IDLE_CONNECTIONS = 10


def ticket_queues() -> int:
    """Say how many queues of tickets there are: the one setting that is read before the first invocation."""
    return queue_count(os.environ)


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


def connect(known: Settings) -> Storage:
    """Connect by connection string where there is one, else as the app's identity; raises `SettingsError`."""
    names = Names(
        tickets=[queue_name(known.tickets_queue, number) for number in range(known.tickets_queues)],
        callbacks=f"{known.tickets_queue}-callbacks",
        watches=known.watches_table,
        results=known.results_table,
        open=known.open_table,
        gates=known.gates_table,
    )
    if known.storage is None:
        return by_identity(str(known.storage_account), known.storage_client_id, names)
    try:
        return by_connection_string(known.storage.get_secret_value(), names)
    except ValueError:
        raise SettingsError({"AzureWebJobsStorage": "is malformed: not a connection string"}) from None


@cache
def events() -> Events | NoEvents:
    """Connect to Application Insights, if there is one."""
    known = settings()
    if known.telemetry is None:
        log.warning("telemetry.off: APPLICATIONINSIGHTS_CONNECTION_STRING is not set, so ends are not announced")
        return NoEvents()
    credential = None if known.telemetry_client_id is None else identity(known.telemetry_client_id)
    with _without("APPLICATIONINSIGHTS_CONNECTION_STRING"):  # the exporter reads it too, and fails on some of its forms
        return Events(known.telemetry.get_secret_value(), known.site_name, credential)


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
    grid = timedelta(seconds=known.due_grid) * known.wait_scale
    tickets = TicketQueues([TicketQueue(queue, _now, grid) for queue in stores.tickets])
    gates = GateTable(stores.gates)
    return Watcher(
        apis={name: api.paced(known.polling.get(name), known.wait_scale) for name, api in APIS.items()},
        store=TableStore(stores.watches),
        send=tickets.send,
        fetch=Fetcher(_http(known.api_url), tokens),
        record=TableResults(stores.results).record,
        announce=events().announce,
        reject=events().reject,
        poisoned=events().poisoned,
        now=_now,
        draw=random.random,
        gate=Gates(
            read=gates.read,
            write=gates.write,
            count=tickets.count,
            budget=budget(known.per_minute, known.per_hour),
            now=_now,
            scale=known.wait_scale,
        ),
        alone=OneAtATime(),
        revivals=REVIVALS.scaled(known.wait_scale),
        grace=GRACE * known.wait_scale,
        tell=TicketQueue(stores.callbacks, _now).send,
        index=open_index(),
    )


@cache
def starter() -> Starter:
    """Put together what begins watches."""
    return Starter(watcher(), settings().api_url, _callback_hosts())


@cache
def callback_sender() -> CallbackSender:
    """Put together what tells of ends."""
    known, w = settings(), watcher()
    secret = known.callback_secret
    http = httpx.AsyncClient(
        follow_redirects=False,
        timeout=None,  # noqa: S113 -- `Poster` has its own
        trust_env=False,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )
    signer = Webhook(secret.get_secret_value()) if secret else None
    return CallbackSender(
        store=w.store,
        send=w.tell,
        post=Poster(http, signer, _callback_hosts(), _now),
        fail=events().fail_callback,
        reject=w.reject,
        now=_now,
        draw=random.random,
        body=lambda watch: to_json(watch, f"urn:itwin-job-watch:{known.site_name}"),
        tries=TRIES.scaled(known.wait_scale),
        lasts=LASTS * known.wait_scale,
        alone=OneAtATime(),
    )


def _callback_hosts() -> frozenset[str]:
    return frozenset(filter(None, (settings().callback_hosts or "").split(",")))


@cache
def open_index() -> OpenIndex:
    """Put together the index of open watches."""
    return OpenIndex(storage().open)


@cache
def listing() -> Listing:
    """Put together what makes lists."""
    w, stores = watcher(), storage()
    return Listing(
        store=w.store,
        open=open_index(),
        ended=Shelf(stores.results),
        apis=list(APIS),
        retention=timedelta(days=settings().retention_days),
        now=_now,
    )


@cache
def tender() -> Tender:
    """Put together what looks after all watches."""
    return Tender(watcher(), retention=timedelta(days=settings().retention_days), counted=events().counted)


@cache
def tidier() -> Tidier:
    """Put together what tidies the index of open watches."""
    return Tidier(open_index(), watcher().store.load, list(APIS), _now)


def _http(base_url: str = "") -> httpx.AsyncClient:
    """Make a client without limits of its own: its users set their time-outs, and host.json how many they are."""
    return httpx.AsyncClient(
        base_url=base_url,
        follow_redirects=False,
        timeout=None,  # noqa: S113
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=IDLE_CONNECTIONS),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # one watch's answer is no other's business
    )


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
