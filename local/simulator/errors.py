"""The platform's errors: `{"error": {"code", "message", "target"}}`.

Codes: https://developer.bentley.com/apis/overview/error-codes
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a request fails."""

    status: int
    code: str
    message: str
    target: str | None = None  #: left out of the body where the page leaves it out

    def response(self) -> web.Response:
        """As the platform would send it."""
        error = {"code": self.code, "message": self.message}
        if self.target is not None:
            error["target"] = self.target
        return web.json_response({"error": error}, status=self.status)


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
