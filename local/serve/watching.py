"""Names the app and its platform to the command line, which reads variables of the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from local.serve.credentials import ID, SECRET
from local.serve.serving import find

_URL = "ITWIN_JOB_WATCH_URL"


def name_the_app(env: dict[str, str] | os._Environ[str], folder: Path | None, arguments: Sequence[str]) -> None:
    """Set the variables of the app that `serve` runs, and of its platform, unless the caller names another app."""
    names_another = arguments[:1] and arguments[0].startswith("-")  # the options before the command are of the app
    if folder is None and (env.get(_URL) or names_another):
        return
    needs_none = not arguments or {"-h", "--help", "--version"} & {*arguments}
    serving = None if needs_none else find(folder)
    if serving is None:
        return
    env |= {
        _URL: serving.url,
        "ITWIN_JOB_WATCH_KEY": serving.key,
        "ITWIN_JOB_WATCH_EVENTS_URL": serving.events_url,
        "ITWIN_API_URL": serving.platform,
        "ITWIN_TOKEN_URL": serving.token_url,
    }
    if serving.is_simulated:  # whoever has credentials of the real one does not send them there
        env |= {ID: serving.client_id, SECRET: serving.client_secret}
    elif arguments[0] == "webhooks":
        env.setdefault(ID, serving.client_id)
        if not env.get(SECRET) and sys.stdin.isatty():
            env[SECRET] = click.prompt(f"Client secret of {env[ID]}", hide_input=True, err=True)
