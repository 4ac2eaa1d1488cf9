"""The only place where real parts meet.  Built at the first invocation, kept for the life of the process.

What a turn does not need is imported where it is built: a process starts while somebody waits.
"""

from __future__ import annotations

import logging
import os
import random
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import httpx
from azure.core.settings import settings as azure_settings

from shared.apis import APIS
from shared.clients.certificates import other_certificates
from shared.clients.credentials import RETRY_DELAYS as TOKEN_RETRY_DELAYS
from shared.clients.credentials import ClientCredentials
from shared.clients.platform import Fetcher
from shared.clients.proxies import proxy_for
from shared.clients.transport import AiohttpTransport
from shared.core.callback import LIFETIME, Callback
from shared.core.model import Ticket, Watch
from shared.core.rate_limit import budget
from shared.core.remote import RemoteApi
from shared.engine.effects import Effects
from shared.engine.gate import SharedGate
from shared.engine.one_at_a_time import OneAtATime
from shared.engine.poller import Poller
from shared.engine.ports import OpenWatch, Store
from shared.settings import Settings, SettingsError, queue_count, queue_name
from shared.storage.account import Account, ByConnectionString, ByIdentity, identity
from shared.storage.callbacks import table_callbacks
from shared.storage.gates import GateTable
from shared.storage.lists import EarlierIndex, TableByApi, TableIndex
from shared.storage.results import TableResults
from shared.storage.tables import Tables, open_tables
from shared.storage.tickets import TicketQueue, TicketQueues
from shared.storage.watches import TableWatches
from shared.telemetry.events import Events, NoEvents

if TYPE_CHECKING:
    from shared.engine.callback_sender import CallbackSender
    from shared.engine.lister import Lister
    from shared.engine.paces import Paces
    from shared.engine.reviver import Reviver
    from shared.engine.stopper import Stopper
    from shared.engine.tender import Tender
    from shared.engine.tidier import Tidier
    from shared.engine.upgrade import LastMark, Upgrade
    from shared.storage.queues import Queues
    from shared.web.intake import Intake
    from shared.web.receiver import Receiver

log = logging.getLogger("watch")

#: These log a line or more for each request, which a poll is not worth.
CHATTY = ("azure.core.pipeline.policies.http_logging_policy", "azure.identity", "httpx")


def ticket_queues() -> int:
    """Say how many queues of tickets there are: the one setting that is read before the first invocation."""
    return queue_count(os.environ)


@cache
def settings() -> Settings:
    """Read the settings; raises `SettingsError`, each time anew until they are right."""
    known = Settings.from_env(os.environ)
    certificates()
    if known.callback_problems:
        log.error("callbacks.off %s", SettingsError(known.callback_problems))
    if known.webhook_problems:
        log.error("events.off %s", SettingsError(known.webhook_problems))
    return known


@cache
def certificates() -> ssl.SSLContext | None:
    """Read what all clients trust instead of the system's certificates, if anything; raises `SettingsError`."""
    try:
        return other_certificates(os.environ)
    except OSError:
        raise SettingsError({"SSL_CERT_FILE": "cannot be read as certificates in PEM"}) from None


@cache
def account() -> Account:
    """Say how storage is reached."""
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    azure_settings.tracing_enabled = False  # nobody traces: a request looks twice whether somebody might, for a tenth
    return account_of(settings())


def account_of(known: Settings) -> Account:
    """Reach storage by connection string where there is one, else as the app's identity."""
    if known.storage is not None:
        return ByConnectionString(known.storage.get_secret_value())
    return ByIdentity(known.storage_uri("queue"), known.storage_uri("table"), identity(known.storage_client_id))


@cache
def tables() -> Tables:
    """Connect to the tables."""
    return connect_tables(account(), settings())


def connect_tables(storage: Account, known: Settings) -> Tables:
    """Connect to the tables; raises `SettingsError`."""
    with _well_formed():
        return open_tables(
            storage,
            watches=known.watches_table,
            results=known.results_table,
            open=known.open_table,
            callbacks=known.callbacks_table,
            gates=known.gates_table,
        )


@cache
def queues() -> Queues:
    """Connect to the queues."""
    return connect_queues(account(), settings())


def connect_queues(storage: Account, known: Settings) -> Queues:
    """Connect to the queues; raises `SettingsError`."""
    from shared.storage.queues import open_queues

    names = [queue_name(known.tickets_queue, number) for number in range(known.tickets_queues)]
    with _well_formed():
        return open_queues(storage, names, f"{known.tickets_queue}-callbacks")


@contextmanager
def _well_formed() -> Iterator[None]:
    """Say which setting is wrong, without repeating it."""
    try:
        yield
    except ValueError:
        raise SettingsError({"AzureWebJobsStorage": "is malformed: not a connection string"}) from None


async def silent_storage() -> list[str]:
    """Return the names of the queues and tables that do not respond."""
    from shared.storage import reach

    return await reach.unreachable(queues(), tables())


@cache
def events() -> Events | NoEvents:
    """Connect to Application Insights, if there is one."""
    known = settings()
    if known.telemetry is None:
        log.warning("telemetry.off: APPLICATIONINSIGHTS_CONNECTION_STRING is not set, so ends are not announced")
        return NoEvents()
    from shared.telemetry import exporter

    credential = None if known.telemetry_client_id is None else exporter.identity(known.telemetry_client_id)
    with _without("APPLICATIONINSIGHTS_CONNECTION_STRING"):  # the exporter reads it too, and fails on some of its forms
        return Events(known.telemetry.get_secret_value(), known.site_name, credential, os.environ)


@cache
def watches() -> TableWatches:
    """Return the rows of all watches."""
    return TableWatches(tables().watches, APIS)


@cache
def callback_rows() -> Store[Callback]:
    """Return the rows of all callbacks."""
    return table_callbacks(tables().callbacks)


@cache
def index() -> TableIndex:
    """Return the lists of open watches and of ended ones."""
    return TableIndex(tables().open)


@cache
def earlier_index() -> EarlierIndex:
    """Return the lists of open watches that earlier versions keep."""
    return EarlierIndex(tables().open)


@cache
def last_mark() -> LastMark:
    """Return what this process knows of the upgrade."""
    from shared.engine.upgrade import LastMark

    return LastMark(index().read_mark, now)


@cache
def tickets() -> TicketQueues:
    """Return the queues of the tickets of watches."""
    known = settings()
    grid = timedelta(seconds=known.due_grid) * known.wait_scale
    return TicketQueues([TicketQueue(queue, now, grid) for queue in queues().tickets])


@cache
def callback_tickets() -> TicketQueue:
    """Return the queue of the tickets of callbacks."""
    return TicketQueue(queues().callback_tickets, now)


async def send_ticket(ticket: Ticket, delay: timedelta) -> None:
    """Send a watch's ticket.  The first connects to the queues: a turn that ends its watch sends none."""
    await tickets().send(ticket, delay)


async def send_callback_ticket(ticket: Ticket, delay: timedelta) -> None:
    """Send a callback's ticket."""
    await callback_tickets().send(ticket, delay)


async def count_tickets() -> int:
    """Return the approximate number of watches in flight."""
    return await tickets().count()


@cache
def apis() -> dict[str, RemoteApi]:
    """Return the APIs, at the pace that the settings say."""
    known = settings()
    return {name: api.paced(known.polling.get(name), known.wait_scale) for name, api in APIS.items()}


@cache
def gates() -> GateTable:
    """Return the rows of all gates."""
    return GateTable(tables().gates)


@cache
def gate() -> SharedGate:
    """Assemble the rate limit."""
    known = settings()
    return SharedGate(
        read=gates().read,
        write=gates().write,
        count=count_tickets,
        budget=budget(known.per_minute, known.per_hour),
        now=now,
        scale=known.wait_scale,
    )


@cache
def paces() -> Paces:
    """Assemble what tells the pace of each API."""
    from shared.engine.paces import Paces

    known = settings()
    return Paces(gates().read, budget(known.per_minute, known.per_hour), list(APIS), now)


@cache
def effects() -> Effects:
    """Assemble what acts on the rows of watches."""
    known = settings()
    return Effects(
        watches=watches(),
        callbacks=callback_rows(),
        index=index(),
        send=send_ticket,
        send_callback=send_callback_ticket,
        record=TableResults(tables().results).record,
        announce=events().announce,
        body=callback_body,
        callback_lifetime=LIFETIME * known.wait_scale,
        now=now,
    )


def callback_body(watch: Watch) -> str:
    """Say what a callback says of an end."""
    from shared.web.cloud_event import to_json

    return to_json(watch, f"urn:itwin-job-watch:{settings().site_name}")


@cache
def credentials() -> ClientCredentials:
    """Assemble what gets tokens."""
    known = settings()
    return ClientCredentials(
        http=transport(known.token_url),
        url=known.token_url,
        client_id=known.client_id,
        client_secret=known.client_secret.get_secret_value(),
        scope=known.scope,
        delays=TOKEN_RETRY_DELAYS.scaled(known.wait_scale),
        spend=gate().spend,
        now=now,
    )


@cache
def poller() -> Poller:
    """Assemble what gives watches their turns."""
    known = settings()
    return Poller(
        rows=watches(),
        act=effects().act,
        apis=apis(),
        fetch=Fetcher(transport(known.api_url), known.api_url, credentials(), gate().spend),
        gate=gate(),
        lock=OneAtATime(),
        reject=events().reject,
        now=now,
        draw=random.random,
    )


@cache
def intake() -> Intake:
    """Assemble what starts watches."""
    from shared.engine.starter import Starter
    from shared.web.intake import Intake

    starter = Starter(rows=watches(), act=effects().act, apis=apis(), index=index(), gate=gate())
    known = settings()
    return Intake(starter, now, known.api_url, _callback_hosts(), sorted(known.callback_problems))


@cache
def stopper() -> Stopper:
    """Assemble what stops watches."""
    from shared.engine.stopper import Stopper

    return Stopper(rows=watches(), act=effects().act, now=now)


@cache
def receiver() -> Receiver:
    """Assemble what takes events of the platform."""
    from shared.engine.waker import Waker
    from shared.web.receiver import Receiver

    known = settings()
    waker = Waker(rows=watches(), act=effects().act, now=now)
    return Receiver(
        wake=waker.wake,
        tell=lambda receipt: events().received(
            receipt.result, receipt.why, receipt.kind, [*receipt.watches], [*receipt.watches.values()]
        ),
        secrets=known.event_keys,
        wrong_settings=known.webhook_problems,
    )


@cache
def reviver() -> Reviver:
    """Assemble what revives watches."""
    from shared.core.decide import REVIVAL_DELAYS
    from shared.engine.reviver import GRACE, Reviver

    scale = settings().wait_scale
    return Reviver(
        rows=watches(),
        act=effects().act,
        reject=events().reject,
        poisoned=events().poisoned,
        now=now,
        draw=random.random,
        delays=REVIVAL_DELAYS.scaled(scale),
        grace=GRACE * scale,
    )


@cache
def callback_sender() -> CallbackSender:
    """Assemble what sends callbacks."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    from standardwebhooks import Webhook

    from shared.clients.webhook import WebhookClient
    from shared.core.callback import RETRY_DELAYS
    from shared.engine.callback_sender import CallbackSender

    known = settings()
    secret = known.callback_secret
    http = httpx.AsyncClient(
        follow_redirects=False,
        timeout=None,  # noqa: S113 -- `WebhookClient` has its own
        trust_env=False,
        verify=certificates() or ssl.create_default_context(),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )
    signer = Webhook(secret.get_secret_value()) if secret else None
    return CallbackSender(
        rows=callback_rows(),
        send=callback_tickets().send,
        post=WebhookClient(http, signer, _callback_hosts(), now),
        fail=events().fail_callback,
        lock=OneAtATime(),
        reject=events().reject,
        now=now,
        draw=random.random,
        delays=RETRY_DELAYS.scaled(known.wait_scale),
    )


def _callback_hosts() -> frozenset[str]:
    return frozenset(filter(None, (settings().callback_hosts or "").split(",")))


@cache
def lister() -> Lister:
    """Assemble what makes lists."""
    from shared.engine.lister import Lister

    return Lister(
        rows=watches(),
        lists=index(),
        results=TableByApi(tables().results),
        earlier=earlier_index(),
        is_whole=last_mark().is_whole,
        apis=list(APIS),
        retention=timedelta(days=settings().retention_days),
        now=now,
    )


@cache
def tender() -> Tender:
    """Assemble what tends all rows."""
    from shared.engine.reviver import GRACE
    from shared.engine.tender import Tender

    known = settings()
    return Tender(
        watches=watches(),
        callbacks=callback_rows(),
        revive=reviver().revive,
        revive_callback=callback_sender().revive,
        counted=events().counted,
        shut_for_long=events().shut_for_long,
        paces=paces().all,
        now=now,
        grace=GRACE * known.wait_scale,
        retention=timedelta(days=known.retention_days),
        unreadable=events().unreadable,
        unreadable_gates=gates().unreadable,
        tidy=tidy,
    )


async def tidy(open_watches: Sequence[OpenWatch]) -> None:
    """Tidy the lists, and bring over what earlier versions listed."""
    await tidier().round(open_watches)
    await upgrade().round()


@cache
def tidier() -> Tidier:
    """Assemble what tidies the lists."""
    from shared.engine.tidier import Tidier

    return Tidier(
        index=index(),
        earlier=earlier_index(),
        is_whole=last_mark().is_whole,
        load=watches().load,
        apis=list(APIS),
        retention=timedelta(days=settings().retention_days),
        now=now,
    )


@cache
def upgrade() -> Upgrade:
    """Assemble what brings over what earlier versions listed."""
    from shared.engine.upgrade import Upgrade

    return Upgrade(
        lists=index(),
        results=TableByApi(tables().results),
        apis=list(APIS),
        retention=timedelta(days=settings().retention_days),
        now=now,
    )


@cache
def transport(url: str) -> AiohttpTransport:
    """Return the transport to the origin of a URL.

    Its proxy is chosen here: not all of what the environment says concerns this origin.
    """
    return AiohttpTransport(certificates(), proxy_for(url, os.environ))


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Hide one variable of the environment."""
    value = os.environ.pop(name, None)
    try:
        yield
    finally:
        if value is not None:
            os.environ[name] = value


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
