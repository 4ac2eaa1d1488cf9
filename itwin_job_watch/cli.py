"""The commands: start, restart, list, show, wait, stop; webhooks is a group of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any, Concatenate, NoReturn, ParamSpec

import click
from click.core import ParameterSource

from itwin_job_watch.address import app_key, app_token, app_url, clean
from itwin_job_watch.client import BATCH, Api
from itwin_job_watch.errors import JobWatchError, UnavailableError, WrongRequestError, say
from itwin_job_watch.handed_over import read
from itwin_job_watch.naming import id_of, watch_of
from itwin_job_watch.output import (
    EXITS,
    FAILURE,
    INTERRUPTED,
    STILL_WATCHING,
    complain,
    leave_at_once,
    print_all,
    print_one,
    wait_for,
    write_whatever_comes,
)
from itwin_job_watch.parameters import API, TEXT
from itwin_job_watch.shapes import WatchDocument
from itwin_job_watch.starts import again
from itwin_job_watch.version import NAME, VERSION
from itwin_job_watch.webhooks.commands import webhooks
from itwin_job_watch.wording import said

OUTCOMES = ["succeeded", *EXITS]

P = ParamSpec("P")

#: The argument that stands for standard input.
PIPED = "-"

#: Exit status of click for arguments that cannot be used.
USAGE = 2


class _Group(click.Group):
    """Reports errors without a traceback."""

    def main(self, args: Sequence[str] | None = None, *others: Any, **more: Any) -> Any:
        write_whatever_comes()
        given = sys.argv[1:] if args is None else args
        try:  # in the locale C, Python makes surrogates of all that is not ASCII
            texts = [one.encode("utf-8", "surrogateescape").decode() for one in given]
        except UnicodeError:
            say("Error: an argument is not UTF-8")
            sys.exit(USAGE)
        try:
            return super().main(texts, *others, **more)
        except SystemExit as end:
            if args is None and end.code == INTERRUPTED:
                leave_at_once(INTERRUPTED)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except JobWatchError as error:
            raise click.ClickException(said(error)) from error
        except KeyboardInterrupt:
            say("Interrupted")
            sys.exit(INTERRUPTED)


@click.group(cls=_Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", envvar="ITWIN_JOB_WATCH_URL", help="URL of the app.  Default: ITWIN_JOB_WATCH_URL.")
@click.option("--key", envvar="ITWIN_JOB_WATCH_KEY", help="Function key.  Prefer ITWIN_JOB_WATCH_KEY.")
@click.option(
    "--token",
    envvar="ITWIN_JOB_WATCH_TOKEN",
    help="Access token, if the app asks for one of Microsoft Entra too.  Prefer ITWIN_JOB_WATCH_TOKEN.",
)
@click.version_option(VERSION, prog_name=NAME, message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, /, **_: str | None) -> None:
    """Watch long-running jobs of the Bentley iTwin Platform to their end.

    A WATCH is named by its id, by four digits or more that its id begins with, or by the status URL of its job.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def with_api(command: Callable[Concatenate[Api, P], None]) -> Callable[P, None]:
    """Give a command the app: only when it runs, so that --help needs none."""

    @wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> None:
        ctx = click.get_current_context().find_root()
        if ctx.obj is None:  # tests pass their own
            ctx.obj = _named_app(ctx, **ctx.params)
        ctx.call_on_close(ctx.obj.close)
        command(ctx.obj, *args, **options)

    return run


def _named_app(ctx: click.Context, *, url: str | None, key: str | None, token: str | None) -> Api:
    if not clean(url) or not clean(key):
        raise click.UsageError("Name the app: --url and --key, or ITWIN_JOB_WATCH_URL and ITWIN_JOB_WATCH_KEY.")
    bearer = app_token(token or "", _source(ctx, "token")) if clean(token) else ""
    return Api(app_url(url or "", _source(ctx, "url")), app_key(key or "", _source(ctx, "key")), token=bearer)


def _source(ctx: click.Context, name: str) -> str:
    """Name the option or the variable that a value comes from."""
    by_variable = ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT
    return f"ITWIN_JOB_WATCH_{name.upper()}" if by_variable else f"--{name}"


main.add_command(webhooks)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one watch per line.")
timeout = click.option("--timeout", type=click.FloatRange(min=0), help="Stop waiting after this many seconds.")
deadline = click.option(
    "--deadline", type=TEXT, help="When to stop watching: an instant, or a duration such as PT2H or P3D."
)
and_wait = click.option("--wait/--no-wait", help="Wait until all have ended, like `wait`.")
watch_names = click.argument("names", nargs=-1, required=True, type=TEXT, metavar="WATCH...")


@main.command()
@click.argument("urls", nargs=-1, required=True, type=TEXT, metavar="URL...")
@deadline
@click.option("--label", "labels", multiple=True, type=TEXT, help="Label of the watches.  May be repeated.")
@click.option(
    "--api", "of", type=API, metavar="NAME", help="With -: the API that answered, if its answer has ids and no link."
)
@click.option("--callback", type=TEXT, metavar="URL", help="URL to notify when a watch ends.")
@click.option("--restart", is_flag=True, help="Restart watches that have ended.")
@and_wait
@timeout
@as_json
@with_api
def start(
    api: Api,
    *,
    urls: Sequence[str],
    deadline: str | None,
    labels: Sequence[str],
    of: str | None,
    callback: str | None,
    restart: bool,
    wait: bool,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Watch the jobs with these status URLs.

    The URL - stands for what the platform answered when a job was begun, read from standard input: its JSON, the whole
    answer as `curl -i` prints it, or a status URL.  For example: curl -i -X POST ... | itwin-job-watch start -
    """
    more: dict[str, Any] = {"labels": list(labels), "restart": restart}
    more |= {"deadline": deadline} if deadline else {}
    more |= {"callback": {"url": callback}} if callback else {}
    give_up = _end(api, timeout) if wait else None
    started, status = _start(api, [(name, job | more) for name, job in _jobs(urls, of)], give_up)
    _finish(api, started, give_up, status, as_json=as_json)


def _jobs(urls: Sequence[str], of: str | None) -> list[tuple[str, dict[str, Any]]]:
    """Return what names each job, under the name that complaints have for it."""
    piped = urls.count(PIPED)
    if piped > 1:
        raise click.UsageError("Give - once: standard input has one answer.")
    if of and not piped:
        raise click.UsageError("--api goes with -, for an answer of the platform. A status URL says its API itself.")
    answer = read(sys.stdin.buffer if sys.stdin else None) if piped else {}
    if of and "url" in answer:
        raise click.UsageError("Standard input is a URL, which says its API itself: leave out --api.")
    answer |= {"api": of} if of else {}
    return [("standard input", answer) if url == PIPED else (url, {"url": url}) for url in urls]


@main.command()
@watch_names
@deadline
@and_wait
@timeout
@as_json
@with_api
def restart(
    api: Api, *, names: Sequence[str], deadline: str | None, wait: bool, timeout: float | None, as_json: bool
) -> None:
    """Begin ended watches again, with their labels and callbacks.  Open ones are left as they are."""
    give_up = _end(api, timeout) if wait else None
    found, unknown = _each(names, partial(watch_of, api))
    if unknown == INTERRUPTED:
        sys.exit(INTERRUPTED)
    left = [watch for watch in found if watch["state"] != "ended"]
    for watch in left:
        say(f"{watch['id']}: has not ended, so it is left as it is")
    more = {"deadline": deadline} if deadline else {}
    wanted = [(watch["id"], again(watch) | more) for watch in found if watch["state"] == "ended"]
    started, refused = _start(api, wanted, give_up)
    _finish(api, [*left, *started], give_up, refused if refused == INTERRUPTED else unknown or refused, as_json=as_json)


@main.command("list")
@click.option("--api", "of", type=API, metavar="NAME", help="Only watches of this API.")
@click.option("--state", type=click.Choice(["watching", "ended"]))
@click.option("--outcome", type=click.Choice(OUTCOMES))
@click.option("--label", type=TEXT, help="Only watches with this label.")
@click.option("--failing", is_flag=True, help="Only watches whose last turns failed.")
@click.option("-n", "--most", type=click.IntRange(min=1), default=50, show_default=True)
@as_json
@with_api
def list_watches(
    api: Api,
    *,
    of: str | None,
    state: str | None,
    outcome: str | None,
    label: str | None,
    failing: bool,
    most: int,
    as_json: bool,
) -> None:
    """List watches: open ones, then ended ones, newest first."""
    given = {"api": of, "state": state, "outcome": outcome, "label": label, "failing": "true" if failing else None}
    print_all(list(api.list(most, **{name: value for name, value in given.items() if value})), as_json=as_json)


@main.command()
@click.argument("name", type=TEXT, metavar="WATCH")
@as_json
@with_api
def show(api: Api, *, name: str, as_json: bool) -> None:
    """Show one watch."""
    print_one(watch_of(api, name), as_json=as_json)


@main.command()
@watch_names
@timeout
@as_json
@with_api
def wait(api: Api, *, names: Sequence[str], timeout: float | None, as_json: bool) -> None:
    """Wait until all these watches have ended, however often the app fails meanwhile.

    Exits with 0 if all succeeded, else with the first that applies: 1 a watch is unknown, or the app refuses to answer,
    20 the timeout passed first, 10 failed, 11 cancelled, 12 partial, 13 expired, 14 lost, 15 refused, 16 abandoned,
    17 stopped.  Ctrl-C exits with 130; the app goes on watching.
    """
    give_up = _end(api, timeout)
    ids, status = _ids(api, names, give_up)
    after_all = wait_for(api, ids, give_up, as_json=as_json) if ids else status
    sys.exit(status or after_all)


@main.command()
@watch_names
@as_json
@with_api
def stop(api: Api, *, names: Sequence[str], as_json: bool) -> None:
    """Stop watches.  The jobs themselves keep running."""
    stopped, status = _each(names, lambda name: api.stop(id_of(api, name)))
    _finish(api, stopped, None, status, as_json=as_json)


def _end(api: Api, timeout: float | None) -> float:
    """Return when to stop waiting.  A timeout that is no number is none at all."""
    return float("inf") if timeout is None else api.clock() + max(0.0, timeout)


def _ids(api: Api, names: Sequence[str], give_up: float) -> tuple[list[str], int]:
    """Return the ids of what is waited for, and the exit status of the others; raises what concerns all of them."""
    ids: list[str] = []
    status = 0
    for name in names:
        try:
            ids.append(id_of(api, name, give_up))
        except UnavailableError as error:
            status = status or STILL_WATCHING
            complain(name, error)
        except WrongRequestError as error:
            status = FAILURE
            complain(name, error)
    return ids, status


def _each(names: Sequence[str], do: Callable[[str], WatchDocument]) -> tuple[list[WatchDocument], int]:
    """Do it for each; returns the watches for which it worked, and the exit status of the others."""
    done: dict[str, WatchDocument] = {}
    status = 0
    for name in dict.fromkeys(names):
        try:
            watch = do(name)
            done[watch["id"]] = watch
        except JobWatchError as error:
            status = FAILURE
            complain(name, error)
        except KeyboardInterrupt:
            say(f"{name}: interrupted, as were those after it")
            return [*done.values()], INTERRUPTED
    return [*done.values()], status


def _start(
    api: Api, wanted: Sequence[tuple[str, Mapping[str, Any]]], give_up: float | None
) -> tuple[list[WatchDocument], int]:
    """Start watches, each named for complaints; returns those that run, and the exit status of the others."""
    started: list[WatchDocument] = []
    status = 0
    for first in range(0, len(wanted), BATCH):
        batch = wanted[first : first + BATCH]
        try:
            results = api.start([request for _, request in batch], give_up)
        except JobWatchError as error:
            complain(f"{len(wanted) - first} not started", error)
            return started, STILL_WATCHING if give_up is not None and isinstance(error, UnavailableError) else FAILURE
        except KeyboardInterrupt:
            say(f"{len(wanted) - first} interrupted: some may have been started, see list")
            return started, INTERRUPTED
        for (name, request), result in zip(batch, results, strict=True):
            if isinstance(result, JobWatchError):
                status = FAILURE
                complain(name, result, request)
            else:
                started.append(result)
    return started, status


def _finish(
    api: Api, watches: Sequence[WatchDocument], give_up: float | None, status: int, *, as_json: bool
) -> NoReturn:
    """Print the watches, once they have ended if they are waited for, and exit."""
    if give_up is not None and status != INTERRUPTED:
        after_all = wait_for(api, [watch["id"] for watch in watches], give_up, as_json=as_json)
        sys.exit(status or after_all)
    if watches:
        print_all(watches, as_json=as_json)
    sys.exit(status)
