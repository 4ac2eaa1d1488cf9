"""A file of the app's events, for those without Application Insights: one JSON object a line.

The app sends events to Application Insights and waits until they are accepted, so that none is lost.  Here this process
stands in for it, on a port of this machine: an event is accepted once its line is on disk.  The members of a line have
the names of the columns of Application Insights' table `customEvents`.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

#: 50 MB in all; a watch's end takes about 1 KB.
LARGEST, KEPT = 10_000_000, 4

#: More than one request of the exporter.
LARGEST_BODY = 16 * 1024 * 1024


class _Lines(RotatingFileHandler):
    """Flushes each line to disk.  An error reaches the caller, which then accepts nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if self.stream:
            os.fsync(self.stream.fileno())

    def handleError(self, _: logging.LogRecord) -> None:  # noqa: N802 -- logging's name
        raise  # noqa: PLE0704 -- called by `emit` in its `except`


class EventLog:
    """Keeps the events that carry its key."""

    def __init__(self, path: Path) -> None:
        self.key = str(uuid.uuid4())
        self._lines = _Lines(path, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8")

    def keep(self, envelopes: list[Any]) -> bool:
        """Write the events among these to disk; returns False, and writes none, if they are not for this log."""
        if not all(isinstance(one, dict) and one.get("iKey") == self.key for one in envelopes):
            return False
        for one in envelopes:
            match one:
                case {"data": {"baseType": "EventData", "baseData": dict() as data}}:
                    line = json.dumps(_row(one, data), ensure_ascii=False)
                    self._lines.handle(logging.makeLogRecord({"msg": line}))
        return True

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


def _row(envelope: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    return {
        "timestamp": envelope.get("time"),
        "name": data.get("name"),
        "operation_Id": (envelope.get("tags") or {}).get("ai.operation.id"),
        "customDimensions": data.get("properties", {}),
        "customMeasurements": data.get("measurements", {}),
    }


@contextmanager
def event_log(path: Path) -> Iterator[str]:
    """Keep events during the block; yields the connection string for the app."""
    log = EventLog(path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(log))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"InstrumentationKey={log.key};IngestionEndpoint=http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        log.close()


def _handler(log: EventLog) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """`POST /v2.1/track` of the app, and `/v2/track` of the host."""

        timeout = 30

        def do_POST(self) -> None:
            try:
                length = int(self.headers.get("Content-Length", 0))
                if not 0 <= length <= LARGEST_BODY:
                    raise ValueError  # noqa: TRY301 -- as for a body that cannot be read
                envelopes = _envelopes(self.rfile.read(length).decode())
                accepted = log.keep(envelopes)
            except (ValueError, RecursionError):  # the latter from nothing but opening brackets
                self._answer(400, 0, 0)
            except OSError:  # a full disk: the app sends them again
                self._answer(503, len(envelopes), 0)
            else:
                self._answer(200 if accepted else 400, len(envelopes), len(envelopes) if accepted else 0)

        def _answer(self, status: int, received: int, accepted: int) -> None:
            body = json.dumps({"itemsReceived": received, "itemsAccepted": accepted, "errors": []}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _envelopes(text: str) -> list[Any]:
    """Read a JSON list, or JSON objects one a line, as the host sends them; raises ValueError."""
    if text.lstrip().startswith("["):
        return list(json.loads(text))
    return [json.loads(line) for line in text.splitlines() if line.strip()]
