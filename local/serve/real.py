"""`serve --platform URL`: the app against a real platform, with state that lasts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from local.parts.azurite import prepare_lasting
from local.parts.processes import DidNotStartError, Service
from local.serve import credentials, folder
from local.serve.credentials import SECRET, Credentials
from local.serve.event_log import event_log
from local.serve.folder import Folder
from local.serve.keeper import Keeper, bound
from local.serve.platforms import token_url
from local.serve.serving import Serving, published
from local.setup.bootstrap import ROOT

if TYPE_CHECKING:
    from shared.settings import Settings

#: Of a message.  The turns of a killed host come back when their leases end: in Azure after ten minutes, here sooner,
#: since nothing else can have taken them.
LEASE = timedelta(minutes=1)

#: Settings that belong to the folder: with other names a restart would find nothing of what is there.
OWN = {"TICKETS_QUEUE": "tickets", "AzureWebJobsDisableHomepage": "true", "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "262144"}
OWN_TABLES = {
    "WATCHES_TABLE": "Watches",
    "RESULTS_TABLE": "Results",
    "GATES_TABLE": "Gates",
    "CALLBACKS_TABLE": "Callbacks",
    "OPEN_TABLE": "OpenWatches",
}

TEXT = """
The app          {url}/api/   (open it in a browser)
Its key          {key}
The platform     {platform}   (as {client})
Data             {data}
Events           {events}
Logs             {logs}

Watch a job, and wait for its end:
  python3 -m local watch{of} start --wait '<status URL of your job>'
List the watches:
  python3 -m local watch{of} list

Ctrl-C stops everything; the next start goes on with each open watch.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    platform: str
    token_url: str = ""
    data: Path | None = None
    port: int | None = None
    public_url: str = ""
    lease: timedelta = LEASE


def serve(options: Options) -> None:
    """Run the app until interrupted; raises `click.ClickException` for what keeps it from running."""
    os.umask(0o077)
    env = dict(os.environ)
    tokens = token_url(options.platform, options.token_url)
    path = (options.data or folder.default_folder(options.platform, env)).expanduser().absolute()
    with ExitStack() as opened, suppress(KeyboardInterrupt):
        place = opened.enter_context(folder.opened(path, options.platform, options.port))
        client = credentials.read(os.environ, place.identity.client_id)
        app = app_settings(env, options.platform, tokens, client)
        settings = _checked({**app, "AzureWebJobsStorage": "UseDevelopmentStorage=true"})
        not_now = credentials.try_out(options.platform, tokens, client, settings.scope)
        if not_now:
            _say(f"Warning: no token now: {not_now}.  The app goes on trying.")
        _say("Starting Azurite and the Functions host ...")
        events = _events(place, settings, opened)
        parts = opened.enter_context(_parts(place, app | events, options.lease))
        place.remember(client.client_id)
        serving = _serving(place, options, tokens, client)
        opened.enter_context(published(path, serving))
        click.echo(_text(place, serving, settings))
        Keeper(parts, _say).keep()


def app_settings(env: Mapping[str, str], platform: str, tokens: str, client: Credentials) -> dict[str, str]:
    """Return the app's settings but for storage: the caller's, and those that are decided here."""
    given = {name: value for name, value in env.items() if not name.startswith("AzureWebJobs")}
    direct = ",".join(filter(None, [env.get("no_proxy") or env.get("NO_PROXY"), "127.0.0.1,localhost"]))
    return given | {
        **OWN,
        **OWN_TABLES,
        "ITWIN_API_URL": platform,
        "ITWIN_TOKEN_URL": tokens,
        "ITWIN_CLIENT_ID": client.client_id,
        SECRET: client.secret,
        "NO_PROXY": direct,
        "no_proxy": direct,  # counts before the other where both are set
    }


def _checked(app: Mapping[str, str]) -> Settings:
    """Read the settings as the app will; raises `click.UsageError` that names what is wrong."""
    from shared.settings import Settings, SettingsError  # noqa: PLC0415 -- only here: `--help` needs none of it

    try:
        known = Settings.from_env(app)
    except SettingsError as error:
        raise click.UsageError(f"{error}.") from None
    if off := {**known.callback_problems, **known.webhook_problems}:
        raise click.UsageError(f"{SettingsError(off)}.")
    return known


def _events(place: Folder, settings: Settings, opened: ExitStack) -> dict[str, str]:
    if settings.telemetry:
        return {}
    name = "APPLICATIONINSIGHTS_CONNECTION_STRING"
    return {name: opened.enter_context(event_log(place.path / "events.jsonl"))}


@contextmanager
def _parts(place: Folder, app: Mapping[str, str], lease: timedelta) -> Iterator[list[Service]]:
    """Run storage and the host during the block."""
    from local.parts.stack import make_storage  # noqa: PLC0415 -- as above
    from shared.settings import queue_count  # noqa: PLC0415 -- as above

    inherits = [] if os.name == "nt" else [place.lock.fileno()]
    storage, connection = prepare_lasting(
        place.storage, place.path / "storage.log", place.identity.storage_key, inherits
    )
    command = [sys.executable, "-m", "local.host", "--app", str(ROOT), "--port", str(place.identity.port)]
    command += ["--lease", str(int(lease.total_seconds()))]
    host_settings = {**app, "AzureWebJobsStorage": connection, "LOCAL_HOST_KEY": place.identity.key}
    host = Service(command, place.identity.port, place.path / "host.log", host_settings, inherits)
    if host.listens():
        raise DidNotStartError(f"port {host.port} is in use by another program: choose another with --port")
    for part in (storage, host):
        bound(part)
    with storage.running():
        make_storage(connection, queue_count(app))
        with host.running():
            yield [storage, host]


def _serving(place: Folder, options: Options, tokens: str, client: Credentials) -> Serving:
    url, key = f"http://127.0.0.1:{place.identity.port}", place.identity.key
    events_url = f"{options.public_url.rstrip('/') or url}/api/events?code={key}"
    return Serving(url, key, events_url, options.platform, tokens, client.client_id)


def _text(place: Folder, serving: Serving, settings: Settings) -> str:
    """Return what to know.  A key does not belong into a log, where standard output may lead."""
    shows_key = sys.stdout.isatty()
    return TEXT.format(
        url=serving.url,
        key=serving.key if shows_key else f"cat {quote(str(place.key_file))}",
        platform=serving.platform,
        client=serving.client_id,
        data=place.path,
        events="Application Insights" if settings.telemetry else place.path / "events.jsonl",
        logs=place.path / "host.log",
        of=folder.data_option(place.path, serving.platform, os.environ),
    )


def _say(text: str) -> None:
    click.echo(text, err=True)
