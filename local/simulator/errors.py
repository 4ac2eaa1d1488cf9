"""The platform's errors: `{"error": {"code", "message", "target"}}`.

Codes: https://developer.bentley.com/apis/overview/error-codes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a request fails."""

    status: int
    code: str
    message: str
    target: str | None = None  #: left out of the body where the page leaves it out
    detail: Problem | None = None  #: the only one of `details`, likewise

    def response(self) -> web.Response:
        """As the platform would send it."""
        return web.json_response({"error": self.to_json()}, status=self.status)

    def to_json(self) -> dict[str, Any]:
        """As the body has it."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            error["target"] = self.target
        if self.detail is not None:
            error["details"] = [self.detail.to_json()]
        return error


#: The example of every page's "Response 401 Unauthorized".
NO_TOKEN = Problem(401, "HeaderNotFound", "Header Authorization was not found in the request. Access denied.")
#: Unconfirmed: no page shows the body for a wrong or expired token.  Older ones had this code.
BAD_TOKEN = Problem(401, "Unauthorized", "Access denied due to invalid access_token.")

#: From https://developer.bentley.com/apis/access-control-v2/operations/get-itwin-job.  Unconfirmed for the other APIs,
#: whose pages have no 403.
FORBIDDEN = Problem(
    403, "InsufficientPermissions", "The user has insufficient permissions for the requested operation."
)

#: Of every page's "Response 429 Too many requests", which has one code or the other, and a message that goes with it.
TOO_MANY_REQUESTS = Problem(
    429, "TooManyRequests", "More requests were received than the subscription rate-limit allows."
)
RATE_LIMIT_EXCEEDED = Problem(
    429,
    "RateLimitExceeded",
    "The client sent more requests than allowed by this API for the current tier of the client.",
)

#: Unconfirmed, all three: no page says what the platform answers to an unknown path, another method, or an Accept
#: header that names another version.
UNKNOWN_PATH = Problem(404, "NotFound", "Requested resource is not available.")
OTHER_METHOD = Problem(405, "MethodNotAllowed", "The method is not allowed for the requested resource.")
OTHER_VERSION = Problem(406, "NotAcceptable", "The version requested in the Accept header is not available.")


def invalid(name: str, message: str) -> Problem:
    """Return the 400 of https://developer.bentley.com/apis/changed-elements-v3/operations/get-diff-job.

    The page's example is about an id that is no GUID; unconfirmed: the message for one that is not there.  Ids that
    are no GUIDs are accepted here, for the words in them.
    """
    return Problem(
        400,
        "InvalidChangedElementsRequest",
        "One or more request parameters are invalid.",
        detail=Problem(400, "InvalidParameter", message, name),
    )
