"""Bentley's platforms, and where each gets its tokens."""

from __future__ import annotations

from collections.abc import Mapping

import click

from itwin_job_watch.errors import JobWatchError
from itwin_job_watch.webhooks.values import origin, token_endpoint

#: Production's: https://developer.bentley.com/apis/overview/authorization/service-app.  For the others Bentley's
#: `OIDCDiscoveryClient.js` reads both prefixes, `dev-` and `qa-`, as qa-ims.bentley.com.  Unconfirmed: no page says so,
#: and nobody of this project has logged in there.
TOKEN_ENDPOINTS: Mapping[str, str] = {
    "https://api.bentley.com": "https://ims.bentley.com/connect/token",
    "https://dev-api.bentley.com": "https://qa-ims.bentley.com/connect/token",
    "https://qa-api.bentley.com": "https://qa-ims.bentley.com/connect/token",
}


def platform_url(written: str) -> str:
    """Return the origin of a platform; raises `click.BadParameter`.

    >>> platform_url("qa-api.bentley.com"), platform_url("https://API.bentley.com/")
    ('https://qa-api.bentley.com', 'https://api.bentley.com')
    """
    try:
        return origin(written if "://" in written else f"https://{written}", "--platform")
    except JobWatchError as error:
        raise click.BadParameter(str(error)) from None


def token_url(platform: str, written: str) -> str:
    """Return the token endpoint of a platform, or the one that was named; raises `click.UsageError`."""
    try:
        if written.strip():
            return token_endpoint(written, "--token-url, or ITWIN_TOKEN_URL,")
        return TOKEN_ENDPOINTS[platform]
    except JobWatchError as error:
        raise click.UsageError(str(error)) from None
    except KeyError:
        known = ", ".join(TOKEN_ENDPOINTS)
        raise click.UsageError(
            f"{platform} is none of Bentley's platforms ({known}): name its token endpoint, with --token-url or"
            " ITWIN_TOKEN_URL."
        ) from None
