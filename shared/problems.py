"""What went wrong with a request, as RFC 9457 problem details that say what to send instead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.text import tidy

#: Stable names: programs branch on them.
TYPE = "urn:problem-type:itwin-job-watch:"


class Problem(Exception):  # noqa: N818 -- the RFC's word for it
    """An answer that is not what the caller hoped for."""

    def __init__(
        self,
        status: int,
        name: str,
        title: str,
        detail: str,
        *,
        errors: Sequence[dict[str, str]] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        """`errors` say which part of the body is meant, as a JSON pointer (RFC 9457, section 3)."""
        super().__init__(detail)
        self.status, self.name, self.title, self.detail, self.errors = status, name, title, detail, errors
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


def malformed(detail: str) -> Problem:
    """Return the problem of a body that is not JSON."""
    return Problem(400, "malformed-body", "The body is not JSON", detail)


def too_large(largest: int) -> Problem:
    """Return the problem of a body that is too large."""
    return Problem(413, "body-too-large", "The body is too large", f"Send at most {largest:,} bytes.")


def invalid(detail: str, errors: Sequence[dict[str, str]] = ()) -> Problem:
    """Return the problem of a body whose members are not as they must be."""
    return Problem(422, "invalid-body", "The body is not a start request", detail, errors=errors)


def unknown_api(detail: str) -> Problem:
    """Return the problem of an API that we do not know."""
    return Problem(422, "unknown-api", "No such API", detail)


def wrong_job(detail: str) -> Problem:
    """Return the problem of ids that do not name one job of the API."""
    return Problem(422, "wrong-job", "These ids name no job of this API", detail)


def foreign_url(detail: str) -> Problem:
    """Return the problem of a URL that is not a job's status on the configured platform."""
    return Problem(422, "wrong-url", "This URL is not the status of a job we can watch", detail)


def wrong_deadline(detail: str) -> Problem:
    """Return the problem of a deadline that has passed or is too far away."""
    return Problem(422, "wrong-deadline", "This deadline cannot be kept", detail)


def unknown_watch(watch_id: str) -> Problem:
    """Return the problem of an id that names no watch."""
    detail = f"There is no watch {tidy(watch_id, 64)}. POST /api/watches starts one."
    return Problem(404, "unknown-watch", "No such watch", detail)


def misconfigured(problems: dict[str, str]) -> Problem:
    """Return the problem of an app whose settings are missing or unusable."""
    errors = [{"setting": name, "detail": f"{name} {text}"} for name, text in problems.items()]
    return Problem(
        503,
        "misconfigured",
        "The app's settings are not complete",
        "Set what is listed under errors in the app's environment variables. " + "; ".join(e["detail"] for e in errors),
        errors=errors,
    )


def unavailable(detail: str) -> Problem:
    """Return the problem of a service that we need and cannot reach."""
    return Problem(503, "unavailable", "Try again later", detail, retry_after=timedelta(seconds=10))
