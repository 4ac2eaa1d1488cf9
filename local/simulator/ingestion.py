"""Application Insights' ingestion endpoint: `POST /v2.1/track` and `/v2/track`.

Request and answer are as Microsoft's exporters have them: `opencensus.ext.azure.common.transport`.
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from local.simulator.call import Call
from local.simulator.scripts import Entry

#: Exporters append "/v2.1/track" to an endpoint that may or may not end with a slash; the Functions host "/v2/track".
PATHS = ("/v2.1/track", "//v2.1/track", "/v2/track")


async def track(call: Call) -> web.Response:
    """Store all envelopes, and acknowledge them."""
    try:
        envelopes = _envelopes(await call.request.text())
    except ValueError as error:
        return _response(400, errors=[{"index": 0, "statusCode": 400, "message": f"Not JSON: {error}"}])
    _keep(call, envelopes)
    return _response(200, received=len(envelopes))


async def track_scripted(call: Call, entry: Entry) -> None:
    """Store what a scripted answer says that it accepts; nothing where it does not say so."""
    if entry.drop or entry.status not in {200, 206}:
        return
    try:
        envelopes = _envelopes(await call.request.text())
    except ValueError:
        return
    match entry.body:
        case {"itemsAccepted": int(accepted)}:
            refused = {error.get("index") for error in entry.body.get("errors") or []}
            kept = [envelope for index, envelope in enumerate(envelopes) if index not in refused]
            _keep(call, kept if len(kept) <= accepted else [])


def _keep(call: Call, envelopes: list[Any]) -> None:
    journal = call.world.journal
    for envelope in envelopes:
        (journal.events if _is_event(envelope) else journal.telemetry).append(envelope)


def _envelopes(text: str) -> list[Any]:
    r"""A JSON list, or JSON values one a line (`application/x-json-stream`), which other exporters send.

    >>> _envelopes('[{"name": "a"}, {"name": "b"}]') == _envelopes('{"name": "a"}\n{"name": "b"}\n')
    True
    """
    if text.lstrip().startswith("["):
        return list(json.loads(text))
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _is_event(envelope: Any) -> bool:
    match envelope:
        case {"data": {"baseType": str(kind)}}:
            return kind == "EventData"
    return True  # an envelope without a kind counts as one


def _response(status: int, received: int = 0, errors: list[Any] | None = None) -> web.Response:
    body = {"itemsReceived": received, "itemsAccepted": received, "errors": errors or []}
    return web.json_response(body, status=status)
