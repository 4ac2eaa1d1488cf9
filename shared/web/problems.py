"""What went wrong with a request, as RFC 9457 problem details that say what to send instead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from shared.core.untrusted import tidy
from shared.engine.ports import Unreadable

#: Stable names: programs branch on them.
TYPE = "urn:problem-type:itwin-job-watch:"


class Kind(NamedTuple):
    """What all problems of one type have in common."""

    status: int
    title: str


Name = Literal[
    "malformed-body",
    "wrong-idempotency-key",
    "wrong-signature",
    "unknown-watch",
    "body-too-large",
    "invalid-body",
    "invalid-query",
    "wrong-cursor",
    "unreadable-watch",
    "unknown-api",
    "wrong-job",
    "wrong-url",
    "wrong-response",
    "wrong-deadline",
    "wrong-callback",
    "misconfigured",
    "unavailable",
]

#: Every problem that the app returns, by name.  docs/http-api.md lists cause and remedy of each.
KINDS: dict[Name, Kind] = {
    "malformed-body": Kind(400, "The body is not JSON"),
    "wrong-idempotency-key": Kind(400, "Invalid Idempotency-Key"),
    "wrong-signature": Kind(401, "The event is not signed as it must be"),
    "unknown-watch": Kind(404, "Watch not found"),
    "unreadable-watch": Kind(409, "The watch's row cannot be read"),
    "body-too-large": Kind(413, "The body is too large"),
    "invalid-body": Kind(422, "The body is not a valid start request"),
    "invalid-query": Kind(422, "Invalid query"),
    "wrong-cursor": Kind(422, "The cursor does not belong to this list"),
    "unknown-api": Kind(422, "Unknown API"),
    "wrong-job": Kind(422, "The ids do not identify a job of this API"),
    "wrong-url": Kind(422, "Not the status URL of a supported job"),
    "wrong-response": Kind(422, "The platform's answer does not name one job"),
    "wrong-deadline": Kind(422, "The deadline has passed or is too far away"),
    "wrong-callback": Kind(422, "The callback URL is not allowed"),
    "misconfigured": Kind(503, "The app's settings are incomplete"),
    "unavailable": Kind(503, "Temporarily unavailable"),
}


class Problem(Exception):  # noqa: N818 -- the RFC's word for it
    """An error response."""

    def __init__(
        self,
        name: Name,
        detail: str,
        *,
        errors: Sequence[dict[str, str]] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        """`errors` locate what is wrong, each by a JSON pointer into the body (RFC 9457, section 3)."""
        super().__init__(detail)
        self.name, self.detail, self.errors = name, detail, errors
        self.status, self.title = KINDS[name]
        self.retry_after = retry_after  #: when to retry the same request

    def document(self) -> dict[str, Any]:
        """Return the body of an `application/problem+json` response."""
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


def wrong_response(detail: str, missing: Sequence[str] = ()) -> Problem:
    """Return the problem of an answer of the platform that names no job, or several; `missing` are dotted paths."""
    pointers = ["/".join(("/response", *path.split("."))) for path in missing]
    errors = [{"pointer": pointer, "detail": "must be a text that is not blank"} for pointer in pointers]
    return Problem("wrong-response", detail, errors=errors)


def wrong_signature(detail: str) -> Problem:
    """Return the problem of an event that is not signed with a secret of the app."""
    return Problem("wrong-signature", detail)


def wrong_callback(detail: str) -> Problem:
    """Return the problem of a callback URL that is not allowed."""
    return Problem("wrong-callback", detail, errors=[{"pointer": "/callback/url", "detail": detail}])


def unknown_watch(watch_id: str) -> Problem:
    """Return the problem of an unknown watch id."""
    detail = f"There is no watch {tidy(watch_id, 64)}. POST /api/watches starts a watch."
    return Problem("unknown-watch", detail)


def too_many(digits: str, most: int) -> Problem:
    """Return the problem of an id's beginning that too many watches have."""
    errors = [{"parameter": "id", "detail": f"more than {most} ids begin so"}]
    return Problem("invalid-query", f"More than {most} ids begin with {digits}: send more of the id.", errors=errors)


def unreadable(error: Unreadable) -> Problem:
    """Return the problem of a row that somebody edited, or that a newer version wrote."""
    remedy = 'DELETE it to stop the watch, or start its job with "restart": true. To keep it, correct these columns.'
    return Problem("unreadable-watch", f"{error}. {remedy}")


def misconfigured(settings: dict[str, str]) -> Problem:
    """Return the problem of an app with missing or invalid settings."""
    errors = [{"setting": name, "detail": f"{name} {text}"} for name, text in settings.items()]
    return Problem(
        "misconfigured",
        "Fix these environment variables of the app. " + "; ".join(e["detail"] for e in errors),
        errors=errors,
    )


def unavailable(detail: str) -> Problem:
    """Return the problem of a service that the app needs and cannot reach."""
    return Problem("unavailable", detail, retry_after=timedelta(seconds=10))
