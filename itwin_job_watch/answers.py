"""What an answer means, and what it means that there is none: a body, or an error that may pass or not."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx

from itwin_job_watch.errors import JobWatchError, UnavailableError, UnexpectedAnswerError, WrongKeyError
from itwin_job_watch.pauses import retry_after
from itwin_job_watch.shapes import detail, refusal, strange

#: Errors that pass, besides those of 500 and above.
PASSING = {408, 425, 429}

FIRST_SERVER_ERROR, FIRST_ERROR, FIRST_REDIRECT = 500, 400, 300
UNAUTHORIZED, NOT_FOUND = 401, 404


def body_of(answer: httpx.Response, hidden: Iterable[str] = ()) -> Any:
    """Return the JSON of a good answer, without what is to be hidden; raises `JobWatchError`.

    An error without a JSON object is not the app's, but that of its host, a proxy or another server.
    """
    status = answer.status_code
    try:
        content = answer.content
        for secret in hidden:
            content = content.replace(secret.encode(), b"***")
        body = json.loads(content)
    except (ValueError, RecursionError):  # the latter from nothing but opening brackets
        body = None
    if status == UNAUTHORIZED:
        raise WrongKeyError("the app does not accept this key, or asks for a token too: see --key and --token")
    if status >= FIRST_SERVER_ERROR or status in PASSING:
        wait = retry_after(answer.headers.get("retry-after", ""), datetime.now(UTC))
        raise UnavailableError(detail(body) or f"HTTP {status} from {_place(answer)}", wait)
    if status >= FIRST_ERROR and isinstance(body, dict):
        raise refusal(body, status)
    if status == NOT_FOUND:  # from the Functions host: no function was called
        raise UnexpectedAnswerError(
            f"nothing is served at {_place(answer)}: is --url the URL of the app, such as"
            " https://NAME.azurewebsites.net, and is the app published there, in the version of this command line?"
        )
    if FIRST_REDIRECT <= status < FIRST_ERROR:
        raise strange(f"HTTP {status} leads from {_place(answer)} to another place")
    if body is None:
        raise strange(f"HTTP {status} without JSON")
    return body


def no_answer(error: Exception, url: str, see: str = "--url, --key and --token") -> JobWatchError:
    """Say why there is no answer.  The texts of local errors are not shown: they quote what was to be sent."""
    if isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
        return JobWatchError(f"the request to {url} cannot be sent: see {see}")
    text = f"no answer from {url}: {str(error) or type(error).__name__}"
    return UnexpectedAnswerError(text) if any(map(_lasts, _causes(error))) else UnavailableError(text)


def _place(answer: httpx.Response) -> str:
    return str(answer.url.copy_with(query=None))


def _lasts(error: BaseException) -> bool:
    """Whether nobody of that name can be there."""
    return isinstance(error, ssl.SSLCertVerificationError) or (
        isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
