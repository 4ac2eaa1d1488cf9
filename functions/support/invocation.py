"""The bounds of an invocation: a time-out, its place in the trace, and nothing but an `Exception` on the way out."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import azure.functions as func

from shared.core.untrusted import tidy
from shared.engine.ports import HEALS
from shared.settings import SettingsError
from shared.telemetry.events import invocation

log = logging.getLogger("watch.turns")

#: Well inside host.json's functionTimeout of 5 minutes, which would kill the process and all other turns with it.
TURN = timedelta(minutes=2)

#: Of what an error says, in characters.
LONGEST_LINE = 200


class BrokenOffError(Exception):
    """The invocation was cancelled, or something in it asked the process to exit."""


class ComesAgainError(Exception):
    """The queue delivers this message again.  Its text is one line, since the host repeats all that it is told."""


@asynccontextmanager
async def delivery(context: func.Context, limit: timedelta = TURN) -> AsyncIterator[None]:
    """Bound an invocation that nobody waits for, and log once why it failed.

    host.json keeps the host's own telemetry of these functions off: a failed invocation is the same exception twice, of
    9 to 42 KB each (host 4.1037).  So what heals by waiting is a line, and what else goes wrong a traceback.
    """
    try:
        async with turn(context, limit):
            yield
    except HEALS as error:
        log.warning("turn.failed error=%s: %s", type(error).__name__, brief(error))
        raise ComesAgainError(type(error).__name__) from None
    except SettingsError as error:
        log.error("settings.incomplete %s", error)  # noqa: TRY400 -- the text says all there is
        raise ComesAgainError(type(error).__name__) from None
    except Exception:
        log.exception("turn.broke")
        raise


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


def brief(error: Exception) -> str:
    r"""Say in one short line what went wrong: the SDK adds request ids, times and XML below its own.

    >>> brief(OSError("Operation returned an invalid status 'Server Busy'\nRequestId:1"))
    "Operation returned an invalid status 'Server Busy'"
    """
    return tidy(str(error).partition("\n")[0], LONGEST_LINE)
