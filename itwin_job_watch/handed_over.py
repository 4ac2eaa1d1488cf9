"""What the platform answered when a job was begun, as standard input brings it: JSON, an HTTP answer, or one URL."""

from __future__ import annotations

import io
import json
import re
from http.client import HTTPException, HTTPMessage, parse_headers
from typing import Any, BinaryIO

from itwin_job_watch.errors import JobWatchError

#: Bytes that are read.  The app takes hardly more in one request, and an answer has some thousand.
LARGEST = 128 * 1024

#: Characters of an error of the platform that are shown.
LONGEST_ERROR = 300

#: The first line of an answer, as `curl -i` prints it (RFC 9112, section 4; without minor version for HTTP/2).
STATUS_LINE = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})\b[^\n]*\n?")

#: Headers with a link to the job.  The first also counts where there is a Location: that of a clone is an iModel.
HEADERS = ("Create-iModel-Operation", "Location")

FIRST_ERROR = 400

URL = re.compile(r"https?://\S+", re.IGNORECASE)

UTF_8_MARK = b"\xef\xbb\xbf"


def read(stream: BinaryIO | None) -> dict[str, Any]:
    """Return the members of a start request that hand it over; raises `JobWatchError`."""
    try:
        found = stream.read(LARGEST + 1) if stream else b""
    except OSError as error:
        raise _unusable(f"it cannot be read: {error.strerror or type(error).__name__}") from None
    if len(found) > LARGEST:
        raise _unusable(f"it has over {LARGEST // 1024} KiB, more than an answer of the platform")
    return members(found)


def members(answer: bytes) -> dict[str, Any]:
    r"""Return the members of a start request that hand over an answer; raises `JobWatchError`.

    >>> members(b"https://api.bentley.com/library/jobs/1")
    {'url': 'https://api.bentley.com/library/jobs/1'}
    >>> members(b"HTTP/2 202 \r\nlocation: /library/jobs/1\r\n\r\n")
    {'location': '/library/jobs/1'}
    """
    status, location, body = _taken_apart(answer.removeprefix(UTF_8_MARK).strip())
    content = _json(body)
    error = content.get("error") if isinstance(content, dict) else None
    if status >= FIRST_ERROR or isinstance(error, dict):
        raise _unusable(f"it is an error, and no job: {_said(status, error)}")
    found: dict[str, Any] = {"response": content} if isinstance(content, dict) else {}
    if location:
        found["location"] = location
    if found:
        return found
    text = content if isinstance(content, str) else body.decode("utf-8", "replace")
    if status or not URL.fullmatch(text):
        raise _unusable(_shortcoming(status, body))
    return {"url": text}


def _taken_apart(answer: bytes) -> tuple[int, str, bytes]:
    """Return status, link and body; 0 and "" without headers.

    There may be several blocks of headers: of a proxy, of "100 Continue", of redirects that were followed.  The last
    one has the status; the last link counts, for what follows a redirect to a run has none.
    """
    status, location, rest = 0, "", answer
    while begin := STATUS_LINE.match(rest):
        headers, rest = _headers(rest[begin.end() :])
        status = int(begin[1])
        location = next(filter(None, (headers.get(name, "").strip() for name in HEADERS)), location)
    return status, location, rest


def _headers(text: bytes) -> tuple[HTTPMessage, bytes]:
    lines = io.BytesIO(text)
    try:
        return parse_headers(lines), lines.read()
    except HTTPException:
        raise _unusable("its headers are too many, or too long") from None


def _json(body: bytes) -> Any:
    """Read the body; None if it is no JSON, or none that could be sent."""
    try:
        content = json.loads(body)
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return content


def _shortcoming(status: int, body: bytes) -> str:
    if body.startswith(b"<") and not body.startswith(b"< "):  # which begins the lines of `curl -v`
        return "it is HTML, so no answer of the platform, but of a page or a proxy"
    if status:
        return "it has neither a JSON object nor a header Location"
    if not body:
        return "it is empty: did the command before it fail?"
    return "it is neither a JSON object, nor an answer with its headers (`curl -i`), nor one URL"


def _said(status: int, error: Any) -> str:
    """Return status, code and message, those that there are."""
    told = error if isinstance(error, dict) else {}
    texts = [f"HTTP {status}" if status else "", told.get("code"), told.get("message")]
    return " ".join(text for text in texts if isinstance(text, str) and text)[:LONGEST_ERROR] or "it does not say why"


def _unusable(why: str) -> JobWatchError:
    return JobWatchError(f"standard input: {why}")
