"""Watches as they go, for a terminal or for a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from itwin_job_watch.display import STYLES

Watches = Mapping[str, Mapping[str, Any]]  #: by what people call the job, as GET shows them


@contextmanager
def display(console: Console) -> Iterator[Callable[[Watches], None]]:
    """Give a function that shows how the watches stand: a live table in a terminal, lines of news elsewhere."""
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda watches: live.update(table(watches), refresh=True)
        return
    told: dict[str, str] = {}

    def tell_news(watches: Watches) -> None:
        for what, watch in watches.items():
            if told.get(what) != (line := f"{watch['api']:17} {what:26} {_standing(watch)}"):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
                told[what] = line

    yield tell_news


def table(watches: Watches) -> Table:
    """Draw all watches."""
    drawn = Table("API", "Job", "Status", "Progress", "", "Polls", "Outcome", "Reason", box=None, pad_edge=False)
    for what, watch in watches.items():
        outcome = watch["outcome"] or ""
        drawn.add_row(
            watch["api"],
            what,
            escape(watch["status"] or ""),
            "" if watch["progress"] is None else ProgressBar(completed=watch["progress"], width=16),
            "" if watch["progress"] is None else f"{watch['progress']:.0f} %",
            str(watch["polls"]),
            f"[{STYLES[outcome]}]{outcome}[/]" if outcome else "",
            escape(watch["reason"] or "")[:60],
        )
    return drawn


def _standing(watch: Mapping[str, Any]) -> str:
    if watch["outcome"]:
        reason = f": {watch['reason']}" if watch["reason"] else ""
        return f"{watch['outcome']} after {watch['polls']} polls{reason}"
    progress = "" if watch["progress"] is None else f" {watch['progress']:.0f} %"
    return f"{watch['status'] or 'watching'}{progress}"
