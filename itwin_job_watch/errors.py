"""What goes wrong, in one line for people."""

from __future__ import annotations

import sys


class JobWatchError(Exception):
    """The request failed.  The text says why and what to do; it holds neither the key nor a secret part of the URL."""

    def __init__(self, text: str) -> None:
        super().__init__(tidy(text))


class UnavailableError(JobWatchError):
    """The same request may succeed later."""

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        """`retry_after` is in seconds, if the answer says so."""
        super().__init__(text)
        self.retry_after = retry_after


class UnexpectedAnswerError(JobWatchError):
    """The app did not answer, but something in its place: it will hardly pass unless the app has answered before."""


class WatchError(JobWatchError):
    """There is no such watch, or its row cannot be read: this concerns no other."""


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
