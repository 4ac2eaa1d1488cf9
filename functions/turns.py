"""The bounds of an invocation: a time-out, its place in the trace, and nothing but an `Exception` on the way out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import azure.functions as func

from shared.telemetry import invocation

#: Well inside host.json's functionTimeout of 5 minutes, which would kill the process and all other turns with it.
TURN = timedelta(minutes=2)


class BrokenOffError(Exception):
    """The invocation was cancelled, or something in it asked the process to exit."""


@asynccontextmanager
async def turn(context: func.Context, limit: timedelta = TURN) -> AsyncIterator[None]:
    """Bound an invocation; raises TimeoutError when it takes longer than `limit`.

    The worker answers the host only after an `Exception`.  For a CancelledError or SystemExit it sends no result, and
    the host waits until functionTimeout (`except Exception` in azure-functions-runtime's invocation handling).
    """
    try:
        with invocation(context.trace_context.trace_parent):
            async with asyncio.timeout(limit.total_seconds()):
                yield
    except Exception:
        raise
    except BaseException as error:
        raise BrokenOffError(f"broken off by {type(error).__name__}") from error
