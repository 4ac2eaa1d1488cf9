"""Documents of watches, from their rows and those of their callbacks."""

import asyncio
import logging
from collections.abc import Iterable

from shared.core.callback import event_id
from shared.core.model import Watch
from shared.engine.ports import RETRYABLE, Unreadable
from shared.engine.starter import Started
from shared.web import problems
from shared.web.problems import Problem
from shared.web.requests import CallbackDocument, StartedDocument, WatchDocument
from shared.wiring import callback_rows, settings

log = logging.getLogger("watch.http")


async def shown(watch: Watch) -> WatchDocument:
    """Show a watch; its callback has a row once it has ended."""
    origin = settings().api_url
    has_row = bool(watch.callback) and not watch.is_open
    try:
        return WatchDocument.of(watch, origin, await callback_rows().load(event_id(watch)) if has_row else None)
    except Unreadable as error:
        log.error("row.unreadable %s", error)  # noqa: TRY400 -- the text says it all
        lost = CallbackDocument(url=watch.callback, state="failed", tries=0, error=str(error))
        return WatchDocument.of(watch, origin).model_copy(update={"callback": lost})


async def all_shown(watches: Iterable[Watch]) -> list[WatchDocument]:
    """Show watches, in order."""
    return await asyncio.gather(*map(shown, watches))


async def all_started(results: Iterable[Started | Problem]) -> list[StartedDocument]:
    """Show the result of each item of a batch, in order."""
    return await asyncio.gather(*map(_started, results))


async def _started(result: Started | Problem) -> StartedDocument:
    if isinstance(result, Problem):
        return _problem(result)
    try:
        return StartedDocument(status=status_of(result), watch=await shown(result.watch))
    except RETRYABLE as error:  # one callback that cannot be read spoils no other item
        log.warning("callback.unread watch=%s error=%s", result.watch.id, type(error).__name__)
        return _problem(problems.unavailable("Storage did not respond. Send this item again."))


def _problem(problem: Problem) -> StartedDocument:
    return StartedDocument(status=problem.status, problem=problem.document())


def status_of(started: Started) -> int:
    """Return 202 if this request started the watch, else 200."""
    return 202 if started.begun else 200
