"""Compare-and-swap, for a client whose answers may be lost."""

from __future__ import annotations

from shared.engine.ports import Conflict, R, Store


async def swap(rows: Store[R], wanted: R) -> R:
    """Commit a row; raises `Conflict` when someone else moved it.

    The storage client retries by itself.  If the first answer was lost, the retry meets our own write: no conflict.
    """
    try:
        return await rows.commit(wanted)
    except Conflict:
        found = await rows.load(wanted.id)
        if found != wanted:
            raise
        return found
