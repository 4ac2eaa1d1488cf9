"""Watches for people: a table, a sheet, bars.  Texts of the API are shown as they are, never read as markup."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from itwin_job_watch.errors import tidy
from itwin_job_watch.shapes import Watch

GOOD, BAD, WARNING, UNCLEAR = "green", "red", "yellow", "magenta"

#: Columns for ids, an API and a reason side by side.
ROOMY = 160

LENGTH_OF_ID = 36

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
    """Print a table: a line for each watch, or three in a terminal of the usual width, where ids would be in shreds."""
    if not watches:
        console.print("No watches.")
        return
    table = Table(box=None, pad_edge=False)
    beside = console.width >= ROOMY
    for name in ("watch", *(("api", "job") if beside else ()), "state", "progress", "reason"):
        table.add_column(name, overflow="fold", min_width=LENGTH_OF_ID if name in {"watch", "job"} else None)
    for watch in watches:
        names = [Text(tidy(watch["id"])), Text(tidy(watch["api"])), Text(job_ids(watch))]
        table.add_row(
            *(names if beside else [Text("\n").join(names)]),
            state(watch),
            _percent(watch),
            Text(tidy(watch.get("reason") or "")),
        )
    console.print(table)


def show_one(console: Console, watch: Watch) -> None:
    """Print everything about one watch."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in watch.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        shown = ", ".join(f"{key}: {text}" for key, text in value.items()) if isinstance(value, dict) else shown
        shown = (_percent(watch) or None) if name == "progress" else shown
        text = state(watch) if name == "outcome" else Text("-" if shown is None else tidy(shown))
        table.add_row(Text(tidy(name)), text)
    console.print(table)


Show = Callable[[Watch, str], None]  #: shows how a watch stands, under that name


class _State(ProgressColumn):
    def render(self, task: Task) -> Text:
        watch: Watch = task.fields["watch"]
        return state(watch) if watch.get("outcome") else Text(status(watch))


@contextmanager
def progress(console: Console) -> Iterator[Show]:
    """Show a bar for each watch that is given to the function; nothing without a terminal."""
    bars: dict[str, TaskID] = {}
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        _State(table_column=Column(no_wrap=True)),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as live:

        def update(watch: Watch, name: str) -> None:
            bar = bars.get(watch["id"])
            if bar is None:
                bar = bars[watch["id"]] = live.add_task(name[:40], total=None, watch=watch)
            ended = watch.get("outcome") is not None
            completed = 100 if ended else percentage(watch)
            live.update(bar, total=None if completed is None else 100, completed=completed or 0, watch=watch)
            if ended:
                live.stop_task(bar)

        yield update


def job_ids(watch: Watch) -> str:
    """Name a watch by its job."""
    return tidy(" / ".join(map(str, watch["job"].values())))


def state(watch: Watch) -> Text:
    """Say how a watch stands in a word, with its colour."""
    outcome = watch.get("outcome")
    text = Text(tidy(outcome or watch.get("status") or watch["state"]), STYLES.get(outcome, BAD))
    return text.append(_failing(watch), WARNING)


def status(watch: Watch) -> str:
    """Say how the job of a watch stands, with its percentage."""
    return tidy(f"{watch.get('status') or watch['state']} {_percent(watch)}").strip() + _failing(watch)


def _failing(watch: Watch) -> str:
    """Say why the last turns failed; older apps do not."""
    why = watch.get("failing")
    return f", failing: {tidy(why)}" if why else ""


def percentage(watch: Watch) -> float | None:
    """Return the percentage, if it is one."""
    value = watch.get("progress")
    return value if value is not None and 0 <= value <= 100 else None  # noqa: PLR2004


def _percent(watch: Watch) -> str:
    value = percentage(watch)
    return "" if value is None else f"{value:.0f} %"
