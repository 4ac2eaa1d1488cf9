"""Watches for people: a table and a sheet; and the same as plain lines where there is no terminal.

Texts of the API are shown as they are, never read as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from itwin_job_watch.errors import say, tidy
from itwin_job_watch.shapes import WatchDocument

GOOD, BAD, WARNING, UNCLEAR = "green", "red", "yellow", "magenta"

#: Characters of an id that are shown in a terminal, and that name the watch to each command.
SHORT = 8

#: Columns of a terminal that has room for reasons beside the rest, and for the ids of jobs too.
WIDE, ROOMY = 120, 160

#: In seconds, from the largest; from two of it on a unit is used.
UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))

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


def show_all(console: Console, watches: Sequence[WatchDocument], now: datetime | None = None) -> None:
    """Print a table in a terminal, else a line for each watch, with all of it."""
    if not watches:
        say("No watches.")
        return
    if not console.file.isatty():
        for watch in watches:
            click.echo("\t".join(line(watch)))
        return
    shown: dict[str, Callable[[WatchDocument], str | Text]] = {"watch": short, "api": api}
    shown |= {"job": job_ids} if console.width >= ROOMY else {}
    shown |= {"age": partial(age, now or datetime.now(UTC)), "state": standing}
    shown |= {"labels": labels} if any(map(labels, watches)) else {}
    rows = [[_text(of(watch)) for of in shown.values()] for watch in watches]
    console.print(_beside([*shown], rows, watches) if console.width >= WIDE else _below([*shown], rows, watches))


def _text(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)


def _beside(names: Sequence[str], rows: Sequence[Sequence[Text]], watches: Sequence[WatchDocument]) -> Table:
    """Return a table in which the reason is a column."""
    table = Table(box=None, pad_edge=False)
    for name in (*names, "why"):
        table.add_column(name, overflow="fold", no_wrap=name in {"watch", "api", "age"})
    for cells, watch in zip(rows, watches, strict=True):
        table.add_row(*cells, Text(why(watch)))
    return table


def _below(names: Sequence[str], rows: Sequence[Sequence[Text]], watches: Sequence[WatchDocument]) -> Table:
    """Return a table in which the reason stands below: as a column it would be in shreds."""
    widths = [max(cell.cell_len for cell in column) for column in zip(map(Text, names), *rows, strict=True)]

    def padded(cells: Iterable[Text]) -> Text:
        texts = [cell.copy() for cell in cells]
        for text, width in zip(texts, widths[1:-1], strict=False):
            text.pad_right(width - text.cell_len)
        return Text("  ").join(texts)

    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column(names[0], no_wrap=True)
    table.add_column(padded(map(Text, names[1:])), overflow="fold", ratio=1)
    for (first, *others), watch in zip(rows, watches, strict=True):
        text = padded(others)
        table.add_row(first, Text("\n").join([text, Text(why(watch), "dim")]) if why(watch) else text)
    return table


def line(watch: WatchDocument) -> list[str]:
    """Return what programs and logs get to see, always in this order; an instant instead of an age."""
    started = tidy(watch.get("startedAt") or "")
    return [tidy(watch["id"]), api(watch), job_ids(watch), started, standing(watch).plain, labels(watch), why(watch)]


def show_one(console: Console, watch: WatchDocument) -> None:
    """Print everything about one watch: a sheet in a terminal, else lines of a name, a tab and a value."""
    rows = [(tidy(name), text) for name, value in watch.items() for text in _values(watch, name, value)]
    if not console.file.isatty():
        for name, text in rows:
            click.echo(f"{name}\t{text}")
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(Text(name), text)
    console.print(table)


def _values(watch: WatchDocument, name: str, value: Any) -> Iterator[Text]:
    """Yield what is shown of a member; evidence has a line for each entry."""
    match name, value:
        case "outcome", _:
            yield state(watch)
        case "progress", _:
            yield Text(_percent(watch) or "-")
        case "evidence", [_, *_]:
            yield from (Text(tidy(entry)) for entry in value)
        case _, list():
            yield Text(tidy(", ".join(map(str, value))) or "-")
        case _, dict():
            yield Text(tidy(", ".join(f"{key}: {text}" for key, text in value.items())))
        case _:
            yield Text("-" if value is None else tidy(value))


def short(watch: WatchDocument) -> str:
    """Name a watch by how its id begins."""
    return tidy(watch["id"])[:SHORT]


def api(watch: WatchDocument) -> str:
    """Name its API."""
    return tidy(watch["api"])


def labels(watch: WatchDocument) -> str:
    """Join its labels."""
    return tidy(", ".join(map(str, watch.get("labels") or [])))


def why(watch: WatchDocument) -> str:
    """Say why it stands so: the first evidence of an end that was not clean, else the reason."""
    evidence = watch.get("evidence")
    if not (isinstance(evidence, list) and evidence):
        return tidy(watch.get("reason") or "")
    issues = watch.get("issues")
    more = (issues if isinstance(issues, int) else len(evidence)) - 1
    return tidy(evidence[0]) + (f" (and {more} more)" if more > 0 else "")


def age(now: datetime, watch: WatchDocument) -> str:
    """Say how long ago the watch started, in the largest unit.

    >>> noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    >>> [age(noon, {"startedAt": at}) for at in ("2026-11-20T11:58:30Z", "2026-11-20T12:00:01Z", "soon", None)]
    ['90s', '0s', '', '']
    """
    try:
        seconds = max(0, int((now - datetime.fromisoformat(watch["startedAt"])).total_seconds()))
    except (KeyError, TypeError, ValueError):
        return ""
    count, unit = next((seconds // size, unit) for size, unit in UNITS if seconds >= 2 * size or size == 1)
    return f"{count}{unit}"


def job_ids(watch: WatchDocument) -> str:
    """Name a watch by its job."""
    return tidy(" / ".join(map(str, watch["job"].values())))


def state(watch: WatchDocument) -> Text:
    """Say how a watch stands in a word, with its colour."""
    outcome = watch.get("outcome")
    text = Text(tidy(outcome or watch.get("status") or watch["state"]), STYLES.get(outcome, BAD))
    return text.append(_failing(watch), WARNING)


def status(watch: WatchDocument) -> str:
    """Say how the job of a watch stands, with its percentage."""
    return tidy(f"{watch.get('status') or watch['state']} {_percent(watch)}").strip() + _failing(watch)


def standing(watch: WatchDocument) -> Text:
    """Say how a watch stands, with its percentage until it has ended."""
    return state(watch) if watch.get("outcome") else Text(status(watch), WARNING if watch.get("failing") else "")


def _failing(watch: WatchDocument) -> str:
    """Say why the last turns failed; older apps do not."""
    why = watch.get("failing")
    return f", failing: {tidy(why)}" if why else ""


def percentage(watch: WatchDocument) -> float | None:
    """Return the percentage, if it is one."""
    value = watch.get("progress")
    return value if value is not None and 0 <= value <= 100 else None  # noqa: PLR2004


def _percent(watch: WatchDocument) -> str:
    value = percentage(watch)
    return "" if value is None else f"{value:.0f} %"
