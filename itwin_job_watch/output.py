"""What the commands print, and their exit status: tables or JSON on stdout, what went wrong on stderr."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import click
from rich.console import Console

from itwin_job_watch.client import Api
from itwin_job_watch.display import job_ids, show_all, show_one
from itwin_job_watch.errors import JobWatchError, say
from itwin_job_watch.progress import progress
from itwin_job_watch.shapes import WatchDocument
from itwin_job_watch.wording import said

#: Exit status of `wait`: 0 if all succeeded, else the first of these that applies.
EXITS = {"failed": 10, "cancelled": 11, "partial": 12, "expired": 13, "lost": 14, "refused": 15, "abandoned": 16}
EXITS |= {"stopped": 17}
STILL_WATCHING = 20

#: Something did not work, or an outcome is not known here.
FAILURE = 1

#: Ctrl-C, as shells say it: 128 and the number of the signal.
INTERRUPTED = 130


def write_whatever_comes() -> None:
    """Let no text end a command because the terminal's encoding lacks it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def leave_at_once(status: int) -> NoReturn:
    """End the process, even while a thread looks up a name, which nothing can interrupt."""
    with suppress(OSError, ValueError):  # nobody reads any more
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def complain(about: str, error: JobWatchError, request: Mapping[str, Any] | None = None) -> None:
    """Say what went wrong with one of several; `request` is what was sent, if it was a start."""
    say(f"{about}: {said(error, request)}")


def print_all(watches: Sequence[WatchDocument], *, as_json: bool) -> None:
    """Print a table, or a line of JSON for each."""
    if as_json:
        for watch in watches:
            click.echo(json_line(watch))
    else:
        show_all(Console(), watches)


def print_one(watch: WatchDocument, *, as_json: bool) -> None:
    """Print all of a watch."""
    if as_json:
        click.echo(json_line(watch))
    else:
        show_one(Console(), watch)


def wait_for(api: Api, ids: Sequence[str], give_up: float, *, as_json: bool) -> int:
    """Wait until all have ended, print how they stand, and return the exit status."""
    left = dict.fromkeys(ids)
    seen: dict[str, WatchDocument] = {}
    try:
        with progress(Console(stderr=True)) as bars:
            for watch_id, found in api.follow(ids, give_up):
                if isinstance(found, JobWatchError):
                    del left[watch_id]
                    complain(watch_id, found)
                else:
                    seen[watch_id] = found
                    bars(found, job_ids(found))
    finally:
        if seen:
            print_all(list(seen.values()), as_json=as_json)
    for watch_id in left.keys() - seen.keys():
        say(f"{watch_id}: the app did not say how it stands before the timeout passed")
    if len(left) < len({*ids}):
        return FAILURE
    return exit_status([seen[watch_id].get("outcome") if watch_id in seen else None for watch_id in left])


def exit_status(outcomes: Collection[str | None]) -> int:
    """Return the exit status for these outcomes; None is that of a watch that has not ended."""
    if None in outcomes:
        return STILL_WATCHING
    known = (status for outcome, status in EXITS.items() if outcome in outcomes)
    return next(known, 0 if {*outcomes} <= {"succeeded"} else FAILURE)


def json_line(document: Mapping[str, Any]) -> str:
    """One line; escaped if stdout cannot encode it."""
    text = json.dumps(document, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return json.dumps(document)
    return text
