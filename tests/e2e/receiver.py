"""A receiver of callbacks, on this machine."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "whsec_" + base64.b64encode(b"local" * 6).decode()

#: The statuses that a path answers with, the last one repeating.
STATUSES = {"taken": [204], "busy": [500, 429, 200], "gone": [410], "moved": [302]}


class Receiver(ThreadingHTTPServer):
    """Keeps what it gets: path, headers and body."""

    def __init__(self):
        self.got = []
        super().__init__(("127.0.0.1", 0), _Answer)

    @property
    def host(self):
        return f"127.0.0.1:{self.server_port}"

    def wait_for(self, path, times=1):
        give_up = time.monotonic() + 30
        while len(found := [request for request in self.got if request[0] == path]) < times:
            assert time.monotonic() < give_up, f"{len(found)} requests for {path}"
            time.sleep(0.1)
        return found


class _Answer(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        statuses = STATUSES[self.path.split("/")[1]]
        before = sum(path == self.path for path, *_ in self.server.got)
        self.server.got.append((self.path, dict(self.headers), body))
        self.send_response(statuses[min(before, len(statuses) - 1)])
        self.send_header("Content-Length", "0")
        self.send_header("Location", f"http://{self.server.host}/taken/by-redirect")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive while the block runs."""
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()
