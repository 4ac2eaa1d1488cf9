"""The platform's documents, checked before they are used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from itwin_job_watch.answers import FIRST_ERROR, FIRST_REDIRECT, FIRST_SERVER_ERROR, NOT_FOUND, PASSING, UNAUTHORIZED
from itwin_job_watch.errors import JobWatchError, UnavailableError, UnexpectedAnswerError
from itwin_job_watch.pauses import retry_after

Webhook = Mapping[str, Any]

FORBIDDEN, NO_CONTENT = 403, 204

#: Of https://developer.bentley.com/apis/webhooks-v2/overview.
PERMISSION = (
    "managing webhooks takes the service application of ITWIN_CLIENT_ID, with the permission webhooks_maintainer at the"
    " iTwin, or as an administrator of the organization that the iTwin belongs to"
)


class RefusedError(JobWatchError):
    """The caller lacks a permission."""


class NoSuchError(JobWatchError):
    """What the request names does not exist."""


def body_of(answer: httpx.Response, hidden: Iterable[str] = ()) -> Any:
    """Return the JSON of a good answer, None if it has none; raises `JobWatchError`, without what is to be hidden."""
    status = answer.status_code
    body = _json(answer)
    said = _said(body)
    for secret in hidden:  # in what is said, since JSON may spell it otherwise
        said = said.replace(secret, "***")
    if status == UNAUTHORIZED:
        raise RefusedError(f"the platform does not accept the token of ITWIN_CLIENT_ID{said}; {PERMISSION}")
    if status == FORBIDDEN:
        raise RefusedError(f"the platform refuses it{said}: {PERMISSION}")
    if status >= FIRST_SERVER_ERROR or status in PASSING:
        wait = retry_after(answer.headers.get("retry-after", ""), datetime.now(UTC))
        raise UnavailableError(f"HTTP {status} from the platform{said}", wait)
    if status == NOT_FOUND:
        raise NoSuchError(f"the platform knows nothing of that name{said}")
    if status >= FIRST_ERROR:
        raise JobWatchError(f"the platform takes the request for wrong: HTTP {status}{said}")
    if status >= FIRST_REDIRECT or (body is None and status != NO_CONTENT):
        raise strange(f"HTTP {status} without a document")
    return body


def token_of(answer: httpx.Response) -> str:
    """Return the access token of a grant (RFC 6749, sections 5.1 and 5.2); raises `JobWatchError`."""
    status, body = answer.status_code, _json(answer)
    if status >= FIRST_SERVER_ERROR or status in PASSING:
        wait = retry_after(answer.headers.get("retry-after", ""), datetime.now(UTC))
        raise UnavailableError(f"HTTP {status} from the token endpoint", wait)
    if status >= FIRST_REDIRECT:
        code = body.get("error") if isinstance(body, dict) else None
        known = code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else ""
        raise RefusedError(
            f"the token endpoint grants no token (HTTP {status}{known and ' '}{known}): are ITWIN_CLIENT_ID and"
            " ITWIN_CLIENT_SECRET those of a service application?"
        )
    match body:
        case {"access_token": str() as token} if re.fullmatch(r"[!-~]+", token):
            return token
    raise UnexpectedAnswerError("the token endpoint answers without a token: see ITWIN_TOKEN_URL")


def strange(what: str) -> UnexpectedAnswerError:
    """Return the error for an answer that is not the platform's."""
    return UnexpectedAnswerError(f"{what}: is --platform the iTwin Platform?")


def webhook(body: Any) -> Webhook:
    """Read a webhook; raises `UnexpectedAnswerError`."""
    match body:
        case {"id": str(), "callbackUrl": str(), "active": bool(), "scope": str(), "eventTypes": list() as types}:
            if all(isinstance(one, str) for one in types) and isinstance(body.get("scopeId"), str | None):
                return {name: value for name, value in body.items() if name != "secret"}
    raise strange("the answer is no webhook")


def all_webhooks(body: Any) -> list[Webhook]:
    """Read all webhooks; raises `UnexpectedAnswerError`."""
    match body:
        case {"_links": {"next": link}} if link:  # no page of the platform says that there are pages
            raise strange("the list of webhooks goes on elsewhere, and a part of it would mislead")
        case {"webhooks": list() as found}:
            return [webhook(one) for one in found]
    raise strange("the answer is no list of webhooks")


def nothing(_: Any) -> None:
    """Read an answer that says no more than that it is good."""


def _json(answer: httpx.Response) -> Any:
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):  # the latter from nothing but opening brackets
        return None


def _said(body: Any) -> str:
    """Return what an error says, in brackets: `{"error": {"code", "message", "details": [...]}}`."""
    match body:
        case {"error": {"code": str() as code, **more}}:
            details = more.get("details")
            parts = [more.get("message"), *(_detail(one) for one in (details if isinstance(details, list) else []))]
            texts = [part.strip() for part in parts if isinstance(part, str) and part.strip()]
            return f" ({': '.join([code, ' '.join(texts)]) if texts else code})"
    return ""


def _detail(body: Any) -> str | None:
    match body:
        case {"message": str() as message, "target": str() as target}:
            return f"{target}: {message}"
        case {"message": str() as message}:
            return message
    return None
