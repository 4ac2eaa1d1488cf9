"""The commands: start, list, show, wait, stop."""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console

from itwin_job_watch.client import Api, ApiError, Watch
from itwin_job_watch.display import job_ids, progress, show_all, show_one

#: Exit status of `wait`: 0 if all succeeded, else the first of these that applies.
EXITS = {"failed": 10, "cancelled": 11, "partial": 12, "expired": 13, "lost": 14, "refused": 15, "abandoned": 16}
EXITS |= {"stopped": 17}
STILL_WATCHING = 20

OUTCOMES = ["succeeded", *EXITS]


class _Group(click.Group):
    """Reports errors without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ApiError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", envvar="ITWIN_JOB_WATCH_URL", help="URL of the app.  Default: ITWIN_JOB_WATCH_URL.")
@click.option("--key", envvar="ITWIN_JOB_WATCH_KEY", help="Function key.  Prefer ITWIN_JOB_WATCH_KEY.")
@click.pass_context
def main(ctx: click.Context, url: str | None, key: str | None) -> None:
    """Watch long-running jobs of the Bentley iTwin Platform to their end."""
    if ctx.obj is None:  # tests and `python3 -m local watch` pass their own
        if not url or not key:
            raise click.UsageError("Name the app: --url and --key, or ITWIN_JOB_WATCH_URL and ITWIN_JOB_WATCH_KEY.")
        ctx.obj = Api(url, key)


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one watch per line.")
timeout = click.option("--timeout", type=click.FloatRange(min=0), help="Stop waiting after this many seconds.")


@main.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option("--deadline", help="An instant, or a duration such as PT2H or P3D.")
@click.option("--label", "labels", multiple=True, help="Label of the watches.  May be repeated.")
@click.option("--callback", help="URL to notify when a watch ends.")
@click.option("--restart", is_flag=True, help="Restart watches that have ended.")
@click.option("--wait/--no-wait", help="Wait until all have ended, like `wait`.")
@timeout
@as_json
@click.pass_obj
def start(
    api: Api,
    *,
    urls: Sequence[str],
    deadline: str | None,
    labels: Sequence[str],
    callback: str | None,
    restart: bool,
    wait: bool,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Watch the jobs with these status URLs."""
    more: dict[str, Any] = {"labels": list(labels), "restart": restart}
    more |= {"deadline": deadline} if deadline else {}
    more |= {"callback": {"url": callback}} if callback else {}
    started: list[Watch] = []
    refused = 0
    for first in range(0, len(urls), 100):
        batch = urls[first : first + 100]
        for url, result in zip(
            batch, api.start([{"url": url, **more} for url in batch], str(uuid.uuid4())), strict=True
        ):
            if isinstance(result, str):
                refused += 1
                click.echo(f"{url}: {result}", err=True)
            else:
                started.append(result)
    if wait:
        status = _wait(api, [watch["id"] for watch in started], timeout, as_json=as_json)
        sys.exit(1 if refused else status)
    _print(started, as_json=as_json)
    sys.exit(1 if refused else 0)


@main.command("list")
@click.option("--api", "of", help="Only watches of this API.")
@click.option("--state", type=click.Choice(["watching", "ended"]))
@click.option("--outcome", type=click.Choice(OUTCOMES))
@click.option("--label", help="Only watches with this label.")
@click.option("-n", "--most", type=click.IntRange(min=1), default=50, show_default=True)
@as_json
@click.pass_obj
def list_watches(
    api: Api, *, of: str | None, state: str | None, outcome: str | None, label: str | None, most: int, as_json: bool
) -> None:
    """List watches: open ones, then ended ones, newest first."""
    given = {"api": of, "state": state, "outcome": outcome, "label": label}
    _print(list(api.list(most, **{name: value for name, value in given.items() if value})), as_json=as_json)


@main.command()
@click.argument("watch_id", metavar="WATCH")
@as_json
@click.pass_obj
def show(api: Api, *, watch_id: str, as_json: bool) -> None:
    """Show one watch."""
    _print_one(api.show(watch_id), as_json=as_json)


@main.command()
@click.argument("ids", nargs=-1, required=True, metavar="WATCH...")
@timeout
@as_json
@click.pass_obj
def wait(api: Api, *, ids: Sequence[str], timeout: float | None, as_json: bool) -> None:
    r"""Wait until all these watches have ended.

    \b
    Exits with 0 if all succeeded, else with the first that applies: 10 failed, 11 cancelled, 12 partial, 13 expired,
    14 lost, 15 refused, 16 abandoned, 17 stopped.  20 means that the timeout passed first.
    """
    sys.exit(_wait(api, ids, timeout, as_json=as_json))


@main.command()
@click.argument("ids", nargs=-1, required=True, metavar="WATCH...")
@as_json
@click.pass_obj
def stop(api: Api, *, ids: Sequence[str], as_json: bool) -> None:
    """Stop watches.  The jobs themselves keep running."""
    _print([api.stop(watch_id) for watch_id in ids], as_json=as_json)


def _wait(api: Api, ids: Sequence[str], timeout: float | None, *, as_json: bool) -> int:
    """Wait, and return the exit status."""
    give_up = time.monotonic() + timeout if timeout is not None else float("inf")
    seen: dict[str, Watch] = {}
    with progress(Console(stderr=True)) as bars:
        for watch in api.follow(list(dict.fromkeys(ids)), give_up):
            seen[watch["id"]] = watch
            bars(watch, job_ids(watch))
    _print(list(seen.values()), as_json=as_json)
    return exit_status(seen)


def exit_status(watches: Mapping[str, Watch]) -> int:
    """Return the exit status for these watches."""
    outcomes = {watch["outcome"] for watch in watches.values()}
    if None in outcomes:
        return STILL_WATCHING
    return next((status for outcome, status in EXITS.items() if outcome in outcomes), 0)


def _print(watches: Sequence[Watch], *, as_json: bool) -> None:
    if as_json:
        for watch in watches:
            click.echo(json.dumps(watch, ensure_ascii=False))
    else:
        show_all(Console(), watches)


def _print_one(watch: Watch, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(watch, ensure_ascii=False))
    else:
        show_one(Console(), watch)
