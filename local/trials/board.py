"""How a run shows its watches: in groups, so that a person can read many.

A group is printed once all its watches have ended.  Until then a terminal shows as much of it as there is room for, and
a log gets a line now and then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from itwin_job_watch.display import percentage, state, status
from itwin_job_watch.errors import tidy
from itwin_job_watch.shapes import WatchDocument

#: Widths of the columns, such that a line fits a terminal with 80.
INDENT, NAME, API, BAR = 1, 26, 24, 8

#: Between two lines that say how far a log is.
EVERY = timedelta(seconds=10)


class Board:
    """Shows how watches stand: `see` each anew as often as you like, then `show` all."""

    def __init__(self, console: Console, groups: Mapping[str, Sequence[str]], live: Live | None = None) -> None:
        """`groups` has the names of the watches."""
        self._console, self._live = console, live
        self._open = dict(groups)
        self._seen: dict[str, WatchDocument] = {}
        self._total = sum(map(len, groups.values()))
        self._began = time.monotonic()
        self._next_line = EVERY

    def see(self, name: str, watch: WatchDocument) -> None:
        """Take note of how a watch stands."""
        self._seen[name] = watch

    def show(self) -> None:
        """Print the groups that have ended by now, and show the others."""
        for group, names in [*self._open.items()]:
            if all(self._has_ended(name) for name in names):
                self._print(group)
        if self._live is not None:
            self._live.update(self.view(), refresh=True)
        elif self._elapsed() >= self._next_line:
            self._next_line += EVERY
            self._console.print(self._sum())

    def close(self) -> None:
        """Print the groups that have not ended."""
        for group in [*self._open]:
            self._print(group)

    def _print(self, group: str) -> None:
        names = self._open.pop(group)
        self._console.print(self._heading(group, names))
        for name in names:
            if name in self._seen:
                self._console.print(_line(name, self._seen[name]), soft_wrap=True)
                if why := _why(self._seen[name]):
                    self._console.print(Padding(why, (0, 0, 0, 6), expand=False))

    def view(self) -> RenderableType:
        """Return what fits the terminal: the groups' headings, and as many rows as there is room for, running first."""
        room = self._console.height - len(self._open) - 2  # for the sum, and the line of the cursor
        rows = {group: sorted(names, key=self._has_ended) for group, names in self._open.items()}
        ended = [sum(map(self._has_ended, names)) for names in rows.values()]
        running = shares([len(names) - done for names, done in zip(rows.values(), ended, strict=True)], room)
        others = shares(ended, room - sum(running))
        parts: list[RenderableType] = []
        for (group, names), some, more in zip(rows.items(), running, others, strict=True):
            shown = some + more
            parts += [self._heading(group, names, len(names) - shown), self._rows(names[:shown])]
        return Group(*parts, self._sum())

    def _heading(self, group: str, names: Sequence[str], hidden: int = 0) -> Text:
        more = f", {hidden} not shown" if hidden else ""
        ended = sum(map(self._has_ended, names))
        return Text(f"{group}: {ended} of {len(names)} ended{more}", "bold", no_wrap=True, overflow="ellipsis")

    def _rows(self, names: Sequence[str]) -> Table:
        table = Table.grid(padding=(0, 1))
        widths = (INDENT, NAME, API, BAR)
        rest = self._console.width - sum(widths) - len(widths) - 1
        for width in (*widths, max(rest, 1)):
            table.add_column(width=width, no_wrap=True, overflow="ellipsis")
        for name in names:
            watch = self._seen[name]
            ended = self._has_ended(name)
            part = 100 if ended else percentage(watch)
            bar = "" if part is None else ProgressBar(100, part, width=BAR)
            table.add_row("", name, watch["api"], bar, state(watch) if ended else status(watch))
        return table

    def _sum(self) -> Text:
        ended = sum(watch["state"] == "ended" for watch in self._seen.values())
        return Text(f"{ended} of {self._total} ended after {self._elapsed().total_seconds():.0f} s")

    def _has_ended(self, name: str) -> bool:
        return name in self._seen and self._seen[name]["state"] == "ended"

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._began)


@contextmanager
def board(console: Console, groups: Mapping[str, Sequence[str]]) -> Iterator[Board]:
    """Show watches during the block; prints at its end what has not ended."""
    if not console.is_terminal:
        shown = Board(console, groups)
        yield shown
    else:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            shown = Board(console, groups, live)
            yield shown
    shown.close()


def shares(wanted: Sequence[int], room: int) -> list[int]:
    """Divide the rows there are among groups that want so many.

    >>> shares([1, 5, 5], 7)
    [1, 3, 3]
    >>> shares([1, 5], -1)
    [0, 0]
    """
    given = [0 for _ in wanted]
    for row in range(1, max(wanted, default=0) + 1):
        for at, most in enumerate(wanted):
            if row <= most and sum(given) < room:
                given[at] = row
    return given


def _line(name: str, watch: WatchDocument) -> Text:
    line = Text(f"{'':{INDENT}} {name:{NAME}} {watch['api']:{API}} ")
    return line.append(state(watch)).append(f" after {watch['polls']} poll{'s' * (watch['polls'] != 1)}")


def _why(watch: WatchDocument) -> Text:
    """Return what the job's evidence says first, or else the reason."""
    if not watch["evidence"]:
        return Text(tidy(watch["reason"] or ""), "dim")
    more = f" (and {watch['issues'] - 1} more)" if watch["issues"] > 1 else ""
    return Text(tidy(watch["evidence"][0]) + more, "dim")
