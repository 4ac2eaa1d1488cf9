"""What went wrong with a request, as RFC 9457 problem details that say what to send instead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from shared.core.untrusted import tidy

#: Stable names: programs branch on them.
TYPE = "urn:problem-type:itwin-job-watch:"


class Kind(NamedTuple):
    """What all problems of one type have in common."""

    status: int
    title: str


Name = Literal[
    "malformed-body",
    "wrong-idempotency-key",
    "unknown-watch",
    "body-too-large",
    "invalid-body",
    "invalid-query",
    "wrong-cursor",
    "unknown-api",
    "wrong-job",
    "wrong-url",
    "wrong-deadline",
    "wrong-callback",
    "misconfigured",
    "unavailable",
]

#: By name: every problem that the app answers with.  README says of each what causes it and what to do.
KINDS: dict[Name, Kind] = {
    "malformed-body": Kind(400, "The body is not JSON"),
    "wrong-idempotency-key": Kind(400, "This is not a usable Idempotency-Key"),
    "unknown-watch": Kind(404, "No such watch"),
    "body-too-large": Kind(413, "The body is too large"),
    "invalid-body": Kind(422, "The body is not a start request"),
    "invalid-query": Kind(422, "The query is not as it must be"),
    "wrong-cursor": Kind(422, "This cursor is of no page of this list"),
    "unknown-api": Kind(422, "No such API"),
    "wrong-job": Kind(422, "These ids name no job of this API"),
    "wrong-url": Kind(422, "This URL is not the status of a job we can watch"),
    "wrong-deadline": Kind(422, "This deadline cannot be kept"),
    "wrong-callback": Kind(422, "Nothing may be sent to this callback"),
    "misconfigured": Kind(503, "The app's settings are not complete"),
    "unavailable": Kind(503, "Try again later"),
}


class Problem(Exception):  # noqa: N818 -- the RFC's word for it
    """An answer that is not what the caller hoped for."""

    def __init__(
        self,
        name: Name,
        detail: str,
        *,
        errors: Sequence[dict[str, str]] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        """`errors` say which part of the body is meant, as a JSON pointer (RFC 9457, section 3)."""
        super().__init__(detail)
        self.name, self.detail, self.errors = name, detail, errors
        self.status, self.title = KINDS[name]
        self.retry_after = retry_after  #: when the same request may succeed

    def document(self) -> dict[str, Any]:
        """Return the body of an `application/problem+json` answer."""
        document: dict[str, Any] = {
            "type": TYPE + self.name,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        return document | ({"errors": list(self.errors)} if self.errors else {})


def too_large(largest: int) -> Problem:
    """Return the problem of a body that is too large."""
    return Problem("body-too-large", f"Send at most {largest:,} bytes.")


def wrong_callback(detail: str) -> Problem:
    """Return the problem of a callback that may not be called."""
    return Problem("wrong-callback", detail, errors=[{"pointer": "/callback/url", "detail": detail}])


def unknown_watch(watch_id: str) -> Problem:
    """Return the problem of an id that names no watch."""
    detail = f"There is no watch {tidy(watch_id, 64)}. POST /api/watches starts one."
    return Problem("unknown-watch", detail)


def misconfigured(settings: dict[str, str]) -> Problem:
    """Return the problem of an app whose settings are missing or unusable."""
    errors = [{"setting": name, "detail": f"{name} {text}"} for name, text in settings.items()]
    return Problem(
        "misconfigured",
        "Set what is listed under errors in the app's environment variables. " + "; ".join(e["detail"] for e in errors),
        errors=errors,
    )


def unavailable(detail: str) -> Problem:
    """Return the problem of a service that we need and cannot reach."""
    return Problem("unavailable", detail, retry_after=timedelta(seconds=10))
