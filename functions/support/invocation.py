"""Bounds an invocation: a timeout, its trace context, and only `Exception`s that leave it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import azure.functions as func

from shared.core.untrusted import tidy
from shared.engine.ports import RETRYABLE
from shared.settings import SettingsError
from shared.telemetry.events import invocation

log = logging.getLogger("watch.turns")

#: Well within the functionTimeout of 5 minutes in host.json, which kills the process and all its turns.
TURN = timedelta(minutes=2)

#: Characters of an error message that are logged.
LONGEST_LINE = 200


class BrokenOffError(Exception):
    """The invocation was cancelled, or something in it asked the process to exit."""


class ComesAgainError(Exception):
    """Makes the queue redeliver the message.  The text is one line, since the host repeats all of it."""


@asynccontextmanager
async def delivery(context: func.Context, limit: timedelta = TURN) -> AsyncIterator[None]:
    """Bound an invocation without a caller, and log once why it failed.

    host.json turns off the host's own telemetry of these functions: it sends each exception twice, of 9 to 42 KB each
    (host 4.1037).  So an outage is logged as one line, and any other exception with its traceback.
    """
    try:
        async with turn(context, limit):
            yield
    except RETRYABLE as error:
        log.warning("turn.failed error=%s: %s", type(error).__name__, brief(error))
        raise ComesAgainError(type(error).__name__) from None
    except SettingsError as error:
        log.error("settings.incomplete %s", error)  # noqa: TRY400 -- the text says it all
        raise ComesAgainError(type(error).__name__) from None
    except Exception:
        log.exception("turn.broke")
        raise


@asynccontextmanager
async def turn(context: func.Context, limit: timedelta = TURN) -> AsyncIterator[None]:
    """Bound an invocation; raises TimeoutError after `limit`.

    The worker reports only an `Exception` to the host.  After a CancelledError or SystemExit it sends no result, and
    the host waits until functionTimeout (`except Exception` in the invocation handling of azure-functions-runtime).
    """
    try:
        with invocation(context.trace_context.trace_parent):
            async with asyncio.timeout(limit.total_seconds()):
                yield
    except Exception:
        raise
    except BaseException as error:
        raise BrokenOffError(f"interrupted by {type(error).__name__}") from error


def brief(error: Exception) -> str:
    r"""Return the first line of an error, shortened: the SDK appends request ids, times and XML.

    >>> brief(OSError("Operation returned an invalid status 'Server Busy'\nRequestId:1"))
    "Operation returned an invalid status 'Server Busy'"
    """
    return tidy(str(error).partition("\n")[0], LONGEST_LINE)
