"""What goes wrong, in one line for people.

JobWatchError                 the root; by itself: a URL, key, token or proxy that cannot be used, or it was closed
├── WrongKeyError             the app does not accept the key, or asks for a token too
├── WrongRequestError         the app refuses the request; has the problem's name and detail
│   └── WatchError            concerns one watch and no other
│       ├── NoSuchWatchError
│       └── UnreadableWatchError
├── UnavailableError          no answer, or "try later": the same request may succeed later
├── UnexpectedAnswerError     something else than the app answers
└── WaitTimeoutError          the time to wait passed; also a `TimeoutError`
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta


class JobWatchError(Exception):
    """The request failed.  The text says why and what to do; it holds neither the key nor a secret part of the URL."""

    def __init__(self, text: str) -> None:
        super().__init__(tidy(text))


class WrongKeyError(JobWatchError):
    """The app does not accept the key, or asks for a token of Microsoft Entra too."""


class WrongRequestError(JobWatchError):
    """The app refuses the request, and says what to send instead."""

    def __init__(
        self, text: str, problem: str | None = None, status: int | None = None, errors: Sequence[Mapping[str, str]] = ()
    ) -> None:
        """`problem` is its name, such as "wrong-url"; `errors` locate what is wrong (docs/http-api.md, Problems)."""
        super().__init__(text)
        self.problem, self.status, self.errors = problem, status, errors


class WatchError(WrongRequestError):
    """There is no such watch, or its row cannot be read: this concerns no other."""

    watch_id: str | None = None  #: the watch, if it was asked for alone


class NoSuchWatchError(WatchError):
    """No watch has this id, or its row was removed."""


class UnreadableWatchError(WatchError):
    """The row of this watch was edited, or written by a newer version of the app."""


class UnavailableError(JobWatchError):
    """There is no answer, or one that says "try later": the same request may succeed later."""

    def __init__(self, text: str, retry_after: timedelta | None = None) -> None:
        """`retry_after` is how long to wait, if the answer says so."""
        super().__init__(text)
        self.retry_after = retry_after


class UnexpectedAnswerError(JobWatchError):
    """The app did not answer, but something in its place: it will hardly pass unless the app has answered before."""


class WaitTimeoutError(JobWatchError, TimeoutError):
    """The time to wait passed before the end.  The app goes on watching."""


def closed() -> JobWatchError:
    """Return the error for what is asked after the end, or was under way then."""
    return JobWatchError("the connections to the app were closed: make another JobWatch")


def tidy(text: object) -> str:
    r"""Return a text from outside as one line, without control characters and what no encoding has.

    >>> tidy("a\nb\x1b[2J\ud800")
    'a b?[2J?'
    """
    return "".join(one if one.isprintable() else " " if one.isspace() else "?" for one in str(text))


def say(text: str) -> None:
    """Write a line to stderr: above the bars, if there are any, which `click.echo` would write into."""
    if sys.stderr:
        sys.stderr.write(f"{tidy(text)}\n")
