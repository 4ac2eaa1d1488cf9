"""Bodies of HTTP answers, read as a stream so that none can fill the memory."""

from __future__ import annotations

import httpx


async def read_at_most(largest: int, answer: httpx.Response) -> bytes:
    """Read a body of up to `largest` bytes; nothing when there is more, since half a JSON text says nothing."""
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > largest:
            return b""
    return bytes(body)
