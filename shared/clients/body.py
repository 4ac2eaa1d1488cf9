"""Reads the body of a response, and unpacks it here, so that none can exhaust the memory.

httpx unpacks each piece as a whole, and any number of encodings inside each other: 5 KB became 6 GB.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httpx

from shared.core.untrusted import tidy

#: What a request asks for.  Some gateways compress all the same.
PLAIN = {"Accept-Encoding": "identity"}

#: Two names of one encoding (RFC 9110, section 8.4.1.3).
GZIP = {"gzip", "x-gzip"}

#: Each takes a turn of the event loop: a body of many small chunks would hold up everybody else.
MOST_PIECES = 5_000

#: Longer names are not shown.
LONGEST_NAME = 50

KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    """A body, or why it could not be read: with half of one nothing can be done."""

    content: bytes = b""
    unread: str = ""


async def read_at_most(largest: int, answer: httpx.Response) -> Body:
    """Read a body that has, unpacked, at most `largest` bytes; never holds more than one byte beyond that.

    It may be plain or one gzip.
    """
    encodings = [name for part in answer.headers.get("content-encoding", "").split(",") if (name := part.strip())]
    packed = [name for name in encodings if name.lower() != "identity"]
    if packed and (len(packed) > 1 or packed[0].lower() not in GZIP):
        return await _refuse(answer, _named(", ".join(packed)))
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed else None
    unpack: Callable[[bytes, int], bytes] = unpacker.decompress if unpacker else lambda piece, room: piece[:room]
    content, came, pieces = bytearray(), 0, 0
    try:
        async for piece in _pieces(answer):
            content += unpack(piece, largest + 1 - len(content))
            came += len(piece)
            pieces += 1
            if len(content) > largest or came > 2 * largest:  # a gzip can be endless and yet hold nothing
                return Body(unread=f"a body of over {_size(largest)}")
            if pieces > MOST_PIECES:
                return Body(unread=f"a body in over {MOST_PIECES:,} pieces")
            if unpacker and unpacker.unused_data:  # it would pile up
                break
    except zlib.error:
        return Body(unread="a body that is no gzip")
    if unpacker and came and (unpacker.unused_data or not unpacker.eof):
        return Body(unread="a body that is not one whole gzip")
    return Body(bytes(content))


async def _refuse(answer: httpx.Response, why: str) -> Body:
    """Say why, unless there is nothing to read: an answer without a body may still name an encoding."""
    async for piece in _pieces(answer):
        if piece:
            return Body(unread=why)
    return Body()


def _pieces(answer: httpx.Response) -> httpx.AsyncByteStream:
    """Return the body as it came.  `aiter_raw` does the same, but not for a response that was made from bytes."""
    return cast(httpx.AsyncByteStream, answer.stream)


def _named(encoding: str) -> str:
    shown = repr(tidy(encoding, LONGEST_NAME)) if len(encoding) <= LONGEST_NAME else "with a long name"
    return f"a body in the encoding {shown}"


def _size(count: int) -> str:
    """Write a number of bytes.

    >>> _size(1048576), _size(65536)
    ('1 MiB', '64 KiB')
    """
    return f"{count // MIB} MiB" if count >= MIB else f"{count // KIB} KiB"
