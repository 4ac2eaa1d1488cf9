"""The log of an extraction, page by page: of Reporting, and of Grouping & Mapping.

https://developer.bentley.com/apis/insights/operations/get-extraction-logs
https://developer.bentley.com/apis/grouping-and-mapping/operations/get-extraction-logs

Newest first, as in the examples; that the platform promises it is unconfirmed.  Between two pages the log may grow, so
a continuation token counts from the oldest entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from local.simulator.apis.view import Body, View
from local.simulator.clock import State
from local.simulator.errors import Problem

MOST = 1000  #: entries per page
USUAL = 100  #: the pages' own links say `$top=100`

MANY = 250  #: entries of a job with "pages" in its id, once it has ended with issues
EACH = 60  #: every so many of them is an issue

UNDER_WAY = "Running"  #: the state of entries between those of a change of state


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What an entry has besides its state and time."""

    job_id: str  #: the name of the id in the path
    step: Callable[[View, str], Body]  #: of an entry without an issue, about this status word
    issue: Callable[[View, State], Body]  #: of an entry about an issue of a job that reached this end


def page(view: View, log: Log, address: str) -> Body | Problem:
    """Return one page; `_links` is always present, `next` only if there are older entries."""
    entries = _entries(view, log)
    query = view.query
    try:
        top = _within(1, int(query.get("$top", USUAL)), MOST)
        unread = UUID(query["$continuationToken"]).int if "$continuationToken" in query else len(entries)
        unread = _within(0, unread, len(entries))
    except ValueError as error:
        return Problem(422, "InvalidInsightsRequest", f"Cannot read the log: {error}.")

    older = max(unread - top, 0)
    here = f"{address}$top={top}"  # a literal `$`, as in the documentation's own links
    links = {"self": {"href": here}}
    if older:
        links["next"] = {"href": f"{here}&$continuationToken={UUID(int=older)}"}
    return {"logs": entries[older:unread][::-1], "_links": links}


def _entries(view: View, log: Log) -> list[Body]:
    """Return the entries, oldest first: one per state reached, and one with the issues before an end that has some."""
    entries: list[Body] = []
    for state in view.states:
        when = view.began + state.since
        if state.issues:
            long = "pages" in view.ids[log.job_id].lower()
            work = MANY - len(entries) - 1 if long else 1  # all except those before, and the end
            entries += [
                _entry(UNDER_WAY, _seven_digits(when), log.issue(view, state))
                if number % EACH == 0
                else _entry(UNDER_WAY, _seconds(when), log.step(view, UNDER_WAY))
                for number in range(work)
            ]
        entries.append(_entry(state.word, _seconds(when), log.step(view, state.word)))
    return entries


def _entry(word: str, when: str, rest: Body) -> Body:
    return {"state": word, "dateTime": when} | rest


def _seconds(when: datetime) -> str:
    return when.isoformat(timespec="seconds")


def _seven_digits(when: datetime) -> str:
    """Return the other form of a time in the pages."""
    return f"{when:%Y-%m-%dT%H:%M:%S.%f}0+00:00"


def _within(least: int, number: int, most: int) -> int:
    if not least <= number <= most:
        raise ValueError(f"{number} is not between {least} and {most}")
    return number
