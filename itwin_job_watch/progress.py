"""How watches move while somebody waits for their end: bars in a terminal, a line now and then in a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from itwin_job_watch.display import api, percentage, short, standing, state
from itwin_job_watch.shapes import WatchDocument

#: Beside a state and a time, in 80 columns.
LONGEST_NAME, WIDTH_OF_BAR = 32, 16

#: Without a terminal: how long nothing is said at most, as far as the app answers.
EVERY = timedelta(minutes=1)

Show = Callable[[WatchDocument, str], None]  #: shows how a watch stands, under that name


class _State(ProgressColumn):
    def render(self, task: Task) -> Text:
        return standing(task.fields["watch"])


@contextmanager
def progress(console: Console) -> Iterator[Show]:
    """Show a bar for each watch that is given to the function; without a terminal a line now and then."""
    if not console.file.isatty() or console.is_dumb_terminal:
        yield Log(console.file).show
        return
    bars: dict[str, TaskID] = {}
    columns = (
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        BarColumn(WIDTH_OF_BAR),
        _State(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as live:

        def update(watch: WatchDocument, name: str) -> None:
            bar = bars.get(watch["id"])
            if bar is None:
                bar = bars[watch["id"]] = live.add_task(
                    f"{short(watch)} {name}"[:LONGEST_NAME], total=None, watch=watch
                )
            ended = watch.get("outcome") is not None
            completed = 100 if ended else percentage(watch)
            live.update(bar, total=None if completed is None else 100, completed=completed or 0, watch=watch)
            if ended:
                live.stop_task(bar)

        yield update


class Log:
    """Lines for a log: how a watch stands when that changes, and else once a minute how all stand."""

    def __init__(self, file: IO[str], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file, self._now = file, now
        self._stood: dict[str, str] = {}  #: by id
        self._open: frozenset[str] = frozenset()
        self._said_at = datetime.min.replace(tzinfo=UTC)

    def show(self, watch: WatchDocument, name: str) -> None:
        """Say how a watch stands, if that is news."""
        before, after = self._stood.get(watch["id"]), state(watch).plain
        self._stood[watch["id"]] = after
        self._open = self._open - {watch["id"]} if watch.get("outcome") else self._open | {watch["id"]}
        if before != after:
            self._say(_sentence(watch, name))
        elif self._now() - self._said_at >= EVERY:
            several = len(self._stood) > 1
            self._say(f"{len(self._open)} of {len(self._stood)} still open" if several else _sentence(watch, name))

    def _say(self, text: str) -> None:
        self._said_at = self._now()
        self._file.write(f"{self._said_at:%H:%M:%S}Z {text}\n")
        self._file.flush()


def _sentence(watch: WatchDocument, name: str) -> str:
    return f"{short(watch)} {api(watch)} {name}: {standing(watch).plain}"
