"""Scripted responses, which the requests to a path get one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from local.simulator.compression import compress
from local.simulator.paths import Segments

HeaderName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]  # RFC 9110 §5.6.2
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[^\r\n\x00]*$")]  # RFC 9110 §5.5


class Entry(BaseModel):
    """One response."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    status: Annotated[int, Field(ge=200, le=599)] = 200
    headers: dict[HeaderName, HeaderValue] = {}
    body: Any = None  #: a string is sent verbatim, as HTML unless a header says otherwise; anything else as JSON
    gzip: bool = False  #: compress the body, even if the client does not accept that
    delay: Annotated[float, Field(ge=0, le=3600)] = 0  #: seconds before the response
    drop: bool = False  #: close the connection instead of responding
    auth: bool | None = None  #: whether a valid token is required; None: only on API paths

    async def play(self) -> web.Response | None:
        """Return the response after the delay; None to drop the connection."""
        await asyncio.sleep(self.delay)
        return None if self.drop else self._response()

    def _response(self) -> web.Response:
        if "body" not in self.model_fields_set:
            response = web.Response(status=self.status)
        elif isinstance(self.body, str):
            response = web.Response(status=self.status, text=self.body, content_type="text/html")
        else:
            response = web.json_response(self.body, status=self.status)
        response.headers.update(self.headers)
        if self.gzip:
            compress(response)
        return response


class Scripts:
    """The remaining responses of each path."""

    def __init__(self) -> None:
        self._left: dict[Segments, deque[Entry]] = {}

    def write(self, path: Segments, entries: Sequence[Entry]) -> None:
        """Script the next responses of a path."""
        self._left[path] = deque(entries)

    def erase(self, path: Segments) -> None:
        """Remove the script of a path."""
        self._left.pop(path, None)

    def upcoming(self, path: Segments) -> Entry | None:
        """Return the next response, without consuming it."""
        return self._left[path][0] if path in self._left else None

    def use_up(self, path: Segments) -> None:
        """Advance to the next response; the last one repeats."""
        if len(self._left[path]) > 1:
            self._left[path].popleft()
