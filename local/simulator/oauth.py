"""The token service, in place of Bentley IMS.

https://developer.bentley.com/apis/overview/authorization/service-app shows the request: form-encoded, for the scope
`itwin-platform`, the credentials in the body.  Bentley's own client, `@itwin/service-authorization`, sends them as
Basic authentication and reads the address of the token endpoint from the discovery document.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from local.simulator.call import Call
from local.simulator.tokens import Tokens

DISCOVERY_PATH = "/.well-known/openid-configuration"
TOKEN_PATH = "/connect/token"
SCOPE = "itwin-platform"
LONGEST = 1_000_000_000  #: seconds, about 30 years: what a script may promise beyond that is cut


async def discovery(call: Call) -> web.Response:
    """OpenID Connect Discovery 1.0 §3, with all members that `@itwin/service-authorization` insists on."""
    return web.json_response(
        {
            "issuer": call.origin,
            "authorization_endpoint": f"{call.origin}/connect/authorize",
            "token_endpoint": f"{call.origin}{TOKEN_PATH}",
            "jwks_uri": f"{call.origin}{DISCOVERY_PATH}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "grant_types_supported": ["client_credentials"],
            "scopes_supported": [SCOPE],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }
    )


async def token(call: Call) -> web.Response:
    """The client credentials grant, RFC 6749 §4.4."""
    form = {name: value for name, value in (await call.request.post()).items() if isinstance(value, str)}
    authorization = call.request.headers.get("Authorization")
    if authorization is not None and "client_secret" in form:
        # RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
        return _refusal(400, "invalid_request", "Credentials in the header and in the body.")
    if not _is_ours(call, _credentials(authorization, form)):
        return _unknown_client(used_header=authorization is not None)
    if "grant_type" not in form:
        return _refusal(400, "invalid_request", "grant_type is missing.")
    if form["grant_type"] != "client_credentials":
        return _refusal(400, "unsupported_grant_type", "The only grant here is client_credentials.")
    if form.get("scope", SCOPE) != SCOPE:  # §3.3 lets the server choose if the request has none
        return _refusal(400, "invalid_scope", f"The only scope here is {SCOPE}.")
    return _response(
        200,
        {
            "access_token": call.world.tokens.issue(call.now),
            "token_type": "Bearer",
            "expires_in": int(call.world.tokens.lifetime.total_seconds()),
            "scope": SCOPE,
        },
    )


def admit_scripted(tokens: Tokens, status: int, body: Any, now: datetime) -> None:
    """Accept the token in a scripted response of the token endpoint."""
    if status == web.HTTPOk.status_code and isinstance(body, dict) and isinstance(body.get("access_token"), str):
        seconds = body.get("expires_in")
        lifetime = timedelta(seconds=min(seconds, LONGEST)) if isinstance(seconds, int | float) else tokens.lifetime
        tokens.admit(body["access_token"], now + lifetime)


def _credentials(authorization: str | None, form: Mapping[str, str]) -> tuple[str, str] | None:
    """Id and secret; each is form-encoded inside Basic authentication, RFC 6749 §2.3.1."""
    if authorization is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(client_id), unquote_plus(secret)


def _is_ours(call: Call, credentials: tuple[str, str] | None) -> bool:
    if credentials is None:
        return False
    settings = call.world.settings
    expected = (settings.client_id, settings.client_secret)
    return all(secrets.compare_digest(a.encode(), b.encode()) for a, b in zip(credentials, expected, strict=True))


def _unknown_client(*, used_header: bool) -> web.Response:
    """RFC 6749 §5.2: 401 with WWW-Authenticate for a client that used the header; else 400 will do."""
    refusal = _refusal(401 if used_header else 400, "invalid_client", "Client id or secret are wrong.")
    if used_header:
        refusal.headers["WWW-Authenticate"] = 'Basic realm="simulator"'
    return refusal


def _refusal(status: int, error: str, description: str) -> web.Response:
    return _response(status, {"error": error, "error_description": description})


def _response(status: int, body: Mapping[str, Any]) -> web.Response:
    """RFC 6749 §5.1 asks for both headers, so that no token is cached."""
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})
