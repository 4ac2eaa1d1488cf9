"""The commands: webhooks create, list, check, delete."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial

import click
from click.core import ParameterSource

from itwin_job_watch.address import clean
from itwin_job_watch.errors import JobWatchError, UnavailableError, say
from itwin_job_watch.output import FAILURE, INTERRUPTED, complain, json_line
from itwin_job_watch.parameters import TEXT
from itwin_job_watch.webhooks.display import print_found, print_webhooks
from itwin_job_watch.webhooks.documents import Webhook
from itwin_job_watch.webhooks.events import EVENTS
from itwin_job_watch.webhooks.platform import Platform
from itwin_job_watch.webhooks.registering import Wanted, check, register, remove
from itwin_job_watch.webhooks.values import (
    events_url,
    first_secret,
    is_same_receiver,
    new_secret,
    origin,
    query_values,
    token_endpoint,
)

PLATFORM, TOKENS = "https://api.bentley.com", "https://ims.bentley.com/connect/token"

#: The variables that options stand for.
VARIABLES = {"url": "ITWIN_JOB_WATCH_EVENTS_URL", "secret": "WEBHOOK_SECRETS", "platform": "ITWIN_API_URL"}

of_itwins = click.option(
    "--itwin", "itwins", multiple=True, type=TEXT, metavar="ID", help="Of this iTwin.  May be repeated."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one line for each.")
show_key = click.option("--show-key", "keys", is_flag=True, help="Show the queries of URLs, which hold keys.")
event_types = click.option(
    "--event",
    "events",
    multiple=True,
    type=TEXT,
    metavar="TYPE",
    help="Event to be told of, instead of all that the app knows.",
)


calls_the_platform = click.option(
    "--platform",
    envvar=VARIABLES["platform"],
    default=PLATFORM,
    show_default=True,
    metavar="URL",
    help="The iTwin Platform.",
)
receiver = click.option(
    "--url",
    envvar=VARIABLES["url"],
    metavar="URL",
    help="Where events are sent to: https://NAME.azurewebsites.net/api/events?code=KEY."
    f"  It holds a key, so prefer {VARIABLES['url']}.",
)
#: No variable here: it would choose what nobody named.
of_receivers = click.option("--url", metavar="URL", help="Those that are sent to this URL, whatever its query.")


@click.group()
def webhooks() -> None:
    """Register the app with the platform, which then tells it when jobs end.

    This needs ITWIN_CLIENT_ID and ITWIN_CLIENT_SECRET, those of the app, and its permission webhooks_maintainer at each
    iTwin.
    """


@webhooks.command()
@click.option(
    "--itwin", "itwins", multiple=True, required=True, type=TEXT, metavar="ID", help="iTwin of the jobs; repeatable."
)
@receiver
@event_types
@click.option("--secret", envvar=VARIABLES["secret"], help="Secret that signs events.  Prefer WEBHOOK_SECRETS.")
@click.option("--show-secret", is_flag=True, help="Print the secret; make one if none is given.")
@show_key
@calls_the_platform
@as_json
@click.pass_context
def create(
    ctx: click.Context,
    *,
    itwins: Sequence[str],
    url: str | None,
    events: Sequence[str],
    secret: str | None,
    show_secret: bool,
    keys: bool,
    platform: str,
    as_json: bool,
) -> None:
    """Make and activate a webhook for each of these iTwins, or update the one it has for this URL.

    It tells of jobs directly in that iTwin, not of those in its children.  Events are signed with the first secret of
    WEBHOOK_SECRETS; the app must have the same.
    """
    wanted = Wanted(_events_url(ctx, url), events or EVENTS)
    if not clean(secret) and not show_secret:
        raise click.UsageError(
            "Give the secret that the app has, with --secret or WEBHOOK_SECRETS; or let one be made and printed, with"
            " --show-secret."
        )
    given = clean(secret)
    signs = first_secret(given, _source(ctx, "secret")) if given else new_secret()
    to = _opened(ctx, platform)
    to.hide([signs, *query_values(wanted.url)])
    to.patiently(to.log_in)
    if show_secret and not as_json:
        click.echo(f"{'secret: ' if given else 'WEBHOOK_SECRETS='}{signs}")  # the setting may have more of them
    if "code=" not in wanted.url.partition("?")[2]:
        say("Note: the URL holds no ?code=KEY, without which the app's host refuses what is sent there.")
    done: list[Webhook] = []
    more = {"secret": signs} if show_secret and as_json else {}

    def make(itwin: str) -> None:
        webhook, did = to.patiently(partial(register, to, itwin, wanted, signs))
        done.append({**webhook, "done": did, **more})

    try:
        status = _each("iTwin", itwins, make)
    finally:
        if done:
            print_webhooks(done, as_json=as_json, keys=keys)
        elif more:  # a webhook may have it all the same, and nobody else knows it
            click.echo(json_line(more))
    sys.exit(status)


@webhooks.command("list")
@of_itwins
@of_receivers
@show_key
@calls_the_platform
@as_json
@click.pass_context
def list_webhooks(
    ctx: click.Context, *, itwins: Sequence[str], url: str | None, keys: bool, platform: str, as_json: bool
) -> None:
    """List the webhooks that the service application may see."""
    at = _events_url(ctx, url) if clean(url) else ""
    to = _opened(ctx, platform)
    found = to.patiently(to.webhooks)
    print_webhooks(_narrowed(found, at, itwins), as_json=as_json, keys=keys)


@webhooks.command("check")
@of_itwins
@receiver
@event_types
@calls_the_platform
@as_json
@click.pass_context
def check_webhooks(
    ctx: click.Context, *, itwins: Sequence[str], url: str | None, events: Sequence[str], platform: str, as_json: bool
) -> None:
    """Compare what is registered for this URL with what should be; exits with 1 if something is wrong.

    Without --itwin, all iTwins are checked that have a webhook for this URL.  The secret cannot be checked: the
    platform does not show it.
    """
    wanted = Wanted(_events_url(ctx, url), events or EVENTS)
    to = _opened(ctx, platform)
    to.hide(query_values(wanted.url))
    found = check(to.patiently(to.webhooks), itwins, wanted)
    print_found(found, as_json=as_json)
    sys.exit(FAILURE if not found or any(one.problems for one in found) else 0)


@webhooks.command()
@click.argument("ids", nargs=-1, type=TEXT, metavar="[WEBHOOK...]")
@of_itwins
@of_receivers
@calls_the_platform
@as_json
@click.pass_context
def delete(
    ctx: click.Context, *, ids: Sequence[str], itwins: Sequence[str], url: str | None, platform: str, as_json: bool
) -> None:
    """Delete these webhooks, or all for a URL, or those of some iTwins for a URL."""
    if bool(ids) == bool(clean(url)) or (ids and itwins):
        raise click.UsageError("Name either webhooks, or the --url of those to delete, and maybe --itwin.")
    at = _events_url(ctx, url) if clean(url) else ""
    to = _opened(ctx, platform)
    to.patiently(to.log_in)
    chosen = ids or [one["id"] for one in _narrowed(to.patiently(to.webhooks), at, itwins)]
    if not chosen:
        raise JobWatchError("no webhook is sent to this URL" + (" for these iTwins" if itwins else ""))

    def delete(webhook_id: str) -> None:
        remove(to, webhook_id)
        click.echo(json_line({"id": webhook_id, "deleted": True}) if as_json else f"Deleted {webhook_id}")

    sys.exit(_each("webhook", chosen, delete))


def _each(what: str, names: Sequence[str], do: Callable[[str], None]) -> int:
    """Do it for each; returns the exit status.  What may pass was tried for long enough: then the others are left."""
    status, left = 0, [*dict.fromkeys(names)]
    while left:
        name = left.pop(0)
        try:
            do(name)
        except JobWatchError as error:
            status = FAILURE
            complain(f"{what} {name}", error)
            if isinstance(error, UnavailableError):
                break
        except KeyboardInterrupt:
            status = INTERRUPTED
            say(f"{what} {name}: interrupted, maybe too late: see webhooks list")
            break
    if left:
        say(f"Not tried: {', '.join(left)}")
    return status


def _narrowed(found: Sequence[Webhook], url: str, itwins: Sequence[str]) -> list[Webhook]:
    """Return those that are asked for."""
    wanted = {itwin.lower() for itwin in itwins}
    return [
        webhook
        for webhook in found
        if (not url or is_same_receiver(webhook["callbackUrl"], url))
        and (not wanted or (webhook.get("scopeId") or "").lower() in wanted)
    ]


def _events_url(ctx: click.Context, url: str | None) -> str:
    if not clean(url):
        raise click.UsageError(f"Name the URL that events are sent to: --url, or {VARIABLES['url']}.")
    return events_url(url or "", _source(ctx, "url"))


def _source(ctx: click.Context, name: str) -> str:
    """Name the option or the variable that a value comes from."""
    return VARIABLES[name] if ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT else f"--{name}"


def _opened(ctx: click.Context, url: str) -> Platform:
    """Return the platform, as the service application of the environment sees it."""
    if isinstance(ctx.obj, Platform):  # tests pass their own
        ctx.call_on_close(ctx.obj.close)
        return ctx.obj
    named = {name: clean(os.environ.get(name)) for name in ("ITWIN_CLIENT_ID", "ITWIN_CLIENT_SECRET")}
    if not all(named.values()):
        raise click.UsageError(f"Set {' and '.join(named)}: those of the app's service application.")
    platform = Platform(
        origin(url, _source(ctx, "platform")),
        token_endpoint(os.environ.get("ITWIN_TOKEN_URL") or TOKENS, "ITWIN_TOKEN_URL"),
        (named["ITWIN_CLIENT_ID"], named["ITWIN_CLIENT_SECRET"]),
        scope=os.environ.get("ITWIN_SCOPE") or "itwin-platform",
    )
    ctx.call_on_close(platform.close)
    return platform
