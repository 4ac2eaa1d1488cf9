"""Documents of watches, from their rows and those of their callbacks."""

import asyncio
from collections.abc import Iterable

from shared.core.callback import event_id
from shared.core.model import Watch
from shared.engine.starts import Started
from shared.web.problems import Problem
from shared.web.requests import StartedDocument, WatchDocument
from shared.wiring import callback_rows


async def shown(watch: Watch) -> WatchDocument:
    """Show a watch; its callback has a row once it has ended."""
    has_row = bool(watch.callback) and not watch.is_open
    return WatchDocument.of(watch, await callback_rows().load(event_id(watch)) if has_row else None)


async def all_shown(watches: Iterable[Watch]) -> list[WatchDocument]:
    """Show watches, in order."""
    return await asyncio.gather(*map(shown, watches))


async def all_started(results: Iterable[Started | Problem]) -> list[StartedDocument]:
    """Show the result of each item of a batch, in order."""
    return await asyncio.gather(*map(_started, results))


async def _started(result: Started | Problem) -> StartedDocument:
    if isinstance(result, Problem):
        return StartedDocument(status=result.status, problem=result.document())
    return StartedDocument(status=status_of(result), watch=await shown(result.watch))


def status_of(started: Started) -> int:
    """Return whether this request started the watch."""
    return 202 if started.begun else 200
