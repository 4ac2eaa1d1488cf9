"""Reads HTTP response bodies as a stream, so that none can exhaust the memory."""

from __future__ import annotations

import httpx


async def read_at_most(largest: int, answer: httpx.Response) -> bytes:
    """Read a body of up to `largest` bytes; returns b"" for a larger one, since truncated JSON is useless."""
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > largest:
            return b""
    return bytes(body)
