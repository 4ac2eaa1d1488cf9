"""Webhooks for people and programs.  Texts of the platform are shown as they are, never read as markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from itwin_job_watch.display import BAD, GOOD
from itwin_job_watch.errors import say, tidy
from itwin_job_watch.output import json_line
from itwin_job_watch.webhooks.documents import Webhook
from itwin_job_watch.webhooks.events import EVENTS
from itwin_job_watch.webhooks.registering import Found
from itwin_job_watch.webhooks.values import masked


def print_webhooks(webhooks: Sequence[Webhook], *, as_json: bool, keys: bool) -> None:
    """Print a table, or a line of JSON for each; without the keys in their URLs unless `keys`."""
    if as_json:
        for webhook in webhooks:
            click.echo(json_line(shown(webhook, keys=keys)))
        return
    names = (
        "webhook",
        "iTwin",
        "active",
        "events",
        "url",
        *(["done"] if any("done" in one for one in webhooks) else []),
    )
    rows = [
        [
            Text(tidy(one["id"])),
            Text(tidy(one.get("scopeId") or one["scope"])),
            _yes(good=one["active"]),
            Text(tidy(_events(one["eventTypes"]))),
            Text(tidy(shown(one, keys=keys)["callbackUrl"])),
            Text(tidy(one.get("done", ""))),
        ][: len(names)]
        for one in webhooks
    ]
    _table(names, rows, "No webhooks.")


def print_found(found: Sequence[Found], *, as_json: bool) -> None:
    """Print what a check found."""
    if as_json:
        for one in found:
            ids = [webhook["id"] for webhook in one.webhooks]
            click.echo(json_line({"iTwinId": one.itwin, "webhookIds": ids, "problems": [*one.problems]}))
        return
    rows = [
        [
            Text(tidy(one.itwin)),
            Text(tidy(", ".join(webhook["id"] for webhook in one.webhooks))),
            Text(tidy("; ".join(one.problems)), BAD) if one.problems else Text("as it should be", GOOD),
        ]
        for one in found
    ]
    _table(("iTwin", "webhook", "found"), rows, "No webhooks.")


def shown(webhook: Webhook, *, keys: bool) -> Mapping[str, Any]:
    """Return a webhook as it may be shown."""
    return webhook if keys else {**webhook, "callbackUrl": masked(webhook["callbackUrl"])}


def _events(types: Sequence[str]) -> str:
    """Name the events; "all", and others, if those that the app knows are among them."""
    known = {*EVENTS} <= {*types}
    return ", ".join(["all", *(one for one in types if one not in EVENTS)] if known else types)


def _yes(*, good: bool) -> Text:
    return Text("yes", GOOD) if good else Text("no", BAD)


def _table(names: Sequence[str], rows: Sequence[Sequence[Text]], none: str) -> None:
    console = Console()
    if not rows:
        say(none)
        return
    if not console.file.isatty():
        for row in rows:
            click.echo("\t".join(cell.plain for cell in row))
        return
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold", no_wrap=name in {"webhook", "iTwin"})
    for row in rows:
        table.add_row(*row)
    console.print(table)
