"""Compresses responses with gzip.  Unconfirmed: that the platform does; no page says."""

from __future__ import annotations

import re

from aiohttp import web


def compress(response: web.Response, accept_encoding: str | None = None) -> None:
    """With gzip, or not at all when there is nothing to compress or the client does not ask for it.

    Without an `accept_encoding` the client is not asked.
    """
    if response.body and (accept_encoding is None or _wanted(accept_encoding)):
        response.enable_compression(web.ContentCoding.gzip)


def _wanted(accept_encoding: str) -> bool:
    """RFC 9110 §12.5.3; a weight of zero means "not acceptable".

    >>> [_wanted(header) for header in ("gzip, deflate", "br, GZIP;q=0.5", "gzip;q=0", "identity", "")]
    [True, True, False, False, False]
    """
    codings = [coding.replace(" ", "").lower() for coding in accept_encoding.split(",")]
    return any(re.fullmatch(r"gzip(;q=(1|0\.\d*[1-9]\d*|1\.0*))?", coding) for coding in codings)
