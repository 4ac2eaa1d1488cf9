"""An app that fails as its mood says, as a program: `python -m tests.integration.shaky_app PORT MOOD_FILE`.

The file holds a mood per line, one for each request; the last one stays.  It may change between two requests.
"""

import json
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.command_line import ENDED, WATCH

PAGE = b"<html><h1>503 Service Unavailable</h1></html>"


ONE_AT_A_TIME = threading.Lock()


def next_mood(file):
    with ONE_AT_A_TIME:
        mood, *later = file.read_text(encoding="utf-8").split("\n")
        if later:
            file.write_text("\n".join(later), encoding="utf-8")
    if mood == "hangs":
        (file.parent / "hangs").touch()
        while file.read_text(encoding="utf-8") == "hangs":
            time.sleep(0.05)
    return mood


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.body = self.rfile.read(int(self.headers.get("content-length", 0)))
        match next_mood(Path(sys.argv[2])):
            case "drops":
                self.close_connection = True
            case "page":
                self.give(503, PAGE, **{"content-type": "text/html", "retry-after": "0"})
            case "date":
                date = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
                self.give(429, b"", **{"retry-after": date})
            case "dies":  # in the middle of an answer
                self.give(200, b'{"id": ', length=500)
                os.kill(os.getpid(), signal.SIGKILL)
            case "starts":  # as the Functions host does before it knows its functions
                self.give(404, b"")
            case "watches":
                self.give(200, json.dumps(WATCH).encode())
            case "ended":
                self.give(200, json.dumps(ENDED).encode())
            case "echoes":
                sent = json.loads(self.body)["watches"]
                results = [{"status": 422, "problem": {"detail": ascii(one["url"])}} for one in sent]
                self.give(200, json.dumps({"results": results}).encode())
            case document:
                self.give(200, document.encode())

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 -- the base class's names

    def give(self, status, body, length=None, **headers):
        self.send_response(status)
        self.send_header("content-length", str(length or len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
