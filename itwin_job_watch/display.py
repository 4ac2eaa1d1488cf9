"""Watches for people: a table, a sheet, bars.  Texts of the API are shown as they are, never read as markup."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from itwin_job_watch.client import Watch

GOOD, BAD, WARNING, UNCLEAR = "green", "red", "yellow", "magenta"

#: By outcome: it went well; somebody should look; nobody can say how the job ended.
STYLES = {
    "succeeded": GOOD,
    "partial": WARNING,
    "cancelled": WARNING,
    "stopped": WARNING,
    "expired": UNCLEAR,
    "lost": UNCLEAR,
    "refused": UNCLEAR,
    "failed": BAD,
    "abandoned": BAD,
    None: "",
}


def show_all(console: Console, watches: Sequence[Watch]) -> None:
    """Print a table."""
    if not watches:
        console.print("No watches.")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("watch", "api", "job", "state", "progress", "reason"):
        table.add_column(name, overflow="fold", no_wrap=name == "watch")
    for watch in watches:
        table.add_row(
            watch["id"],
            watch["api"],
            Text(_job(watch)),
            _state(watch),
            _percent(watch),
            Text(watch["reason"] or ""),
        )
    console.print(table)


def show_one(console: Console, watch: Watch) -> None:
    """Print everything about one watch."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in watch.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        shown = ", ".join(f"{key}: {text}" for key, text in value.items()) if isinstance(value, dict) else shown
        table.add_row(name, _state(watch) if name == "outcome" else Text("-" if shown is None else str(shown)))
    console.print(table)


@contextmanager
def progress(console: Console) -> Iterator[Callable[[Watch], None]]:
    """Show a bar for each watch that is given to the function."""
    bars: dict[str, TaskID] = {}
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[at]}", markup=False),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as live:

        def update(watch: Watch) -> None:
            bar = bars.get(watch["id"])
            if bar is None:
                bar = bars[watch["id"]] = live.add_task(_job(watch)[:40], total=None, at="")
            ended = watch["outcome"] is not None
            at = watch["outcome"] or f"{watch['status'] or 'not asked yet'} {_percent(watch)}".strip()
            known = watch["progress"] is not None or ended
            live.update(bar, total=100 if known else None, completed=100 if ended else watch["progress"] or 0, at=at)
            if ended:
                live.stop_task(bar)

        yield update


def _job(watch: Watch) -> str:
    return " / ".join(watch["job"].values())


def _state(watch: Watch) -> Text:
    outcome = watch["outcome"]
    return Text(outcome or watch["status"] or watch["state"], STYLES.get(outcome, BAD))


def _percent(watch: Watch) -> str:
    return "" if watch["progress"] is None else f"{watch['progress']:.0f} %"
