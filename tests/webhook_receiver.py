"""A receiver of the platform's webhooks, on this machine."""

import hashlib
import hmac
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "0123456789abcdef0123456789abcdef"


class Receiver(ThreadingHTTPServer):
    """Keeps what it gets: path, headers and body."""

    def __init__(self):
        self.got, self.statuses = [], []  # the latter: of the next answers; then 200
        super().__init__(("127.0.0.1", 0), _Answer)

    def url(self, path="/api/events?code=k3y%2F=="):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def events(self, times=1):
        """Wait until there are so many; gives the envelopes."""
        give_up = time.monotonic() + 20
        while len(self.got) < times:
            assert time.monotonic() < give_up, f"{len(self.got)} of {times} came"
            time.sleep(0.01)
        return [json.loads(body) for _, _, body in self.got]


class _Answer(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.server.got.append((self.path, dict(self.headers), body))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def receiving():
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()


def signed(body, secret=SECRET):
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
