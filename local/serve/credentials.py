"""The service application: its id and its secret, which are tried at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import NamedTuple

import click

from itwin_job_watch.address import clean
from itwin_job_watch.errors import JobWatchError, UnavailableError, UnexpectedAnswerError
from itwin_job_watch.webhooks.platform import Platform

ID, SECRET, SECRET_FILE = "ITWIN_CLIENT_ID", "ITWIN_CLIENT_SECRET", "ITWIN_CLIENT_SECRET_FILE"


class Credentials(NamedTuple):
    """Those of a service application."""

    client_id: str
    secret: str


class RefusedError(click.ClickException):
    """The token endpoint refuses them: starting again would not help, which the exit code says (EX_CONFIG)."""

    exit_code = 78


def read(
    env: MutableMapping[str, str], known_id: str, ask: Callable[..., str] = click.prompt, *, may_ask: bool | None = None
) -> Credentials:
    """Return them from the environment, or from the file that it names, or ask for them; raises `click.UsageError`.

    Takes the secret out of the environment, so that no program inherits it but the one that needs it.  `known_id` is
    the id of an earlier start, if there was one.
    """
    interactive = sys.stdin.isatty() if may_ask is None else may_ask
    client_id = clean(env.get(ID)) or known_id
    secret = clean(env.pop(SECRET, "")) or _from_file(env.get(SECRET_FILE, "").strip())
    if not interactive and not (client_id and secret):
        raise click.UsageError(f"Set {ID} and {SECRET}, or {SECRET_FILE}: those of a service application.")
    if not client_id:
        client_id = clean(ask("Client ID of the service application", err=True))
    if not secret:
        secret = clean(ask(f"Client secret of {client_id}", hide_input=True, err=True))
    return Credentials(client_id, secret)


def try_out(platform: str, token_url: str, credentials: Credentials, scope: str) -> str:
    """Get a token; returns why none could be got now, if that may pass by itself, else "".

    Raises `RefusedError`, and `click.ClickException` for what is unusable: a name, a proxy, certificates.
    """
    try:
        found = Platform(platform, token_url, credentials, scope=scope)
        try:
            found.log_in()
        finally:
            found.close()
    except UnavailableError as error:
        return str(error)
    except UnexpectedAnswerError as error:
        raise click.ClickException(str(error)) from None
    except JobWatchError as error:
        raise RefusedError(str(error)) from None
    return ""


def _from_file(path: str) -> str:
    if not path:
        return ""
    try:
        return clean(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        raise click.UsageError(f"{SECRET_FILE} names {path}, which cannot be read: {_why(error)}") from None


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or "it is no text"
